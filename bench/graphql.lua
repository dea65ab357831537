-- One document, from the environment, posted again and again.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = os.getenv("DOCUMENT")
