/*
 * Every maximum in Souk, with its reason. Whatever grows names its maximum when it is made; it is here.
 */
#ifndef SOUK_BASE_LIMITS_H
#define SOUK_BASE_LIMITS_H

/* --- one request --- */

/* A request line of 8,000 octets is what RFC 9112 section 3 recommends all parties to take. */
#define LIMIT_HTTP_REQUEST_LINE 8192
/* All header fields of a request together, and how many; browsers with cookies stay under 4 KB. */
#define LIMIT_HTTP_HEADER_BYTES 16384
#define LIMIT_HTTP_HEADERS 100
/* What a chunked body may carry beside its data, all chunks together; nobody uses either, and we drop both. */
#define LIMIT_HTTP_CHUNK_EXTENSIONS 1024
#define LIMIT_HTTP_TRAILERS 4096
/* A JSON body. A product of 100 variants with descriptions is under 200 KB. */
#define LIMIT_HTTP_BODY (1 << 20)
/* An import's body: 100,000 variants in Shopify's CSV are about 60 MB. */
#define LIMIT_HTTP_IMPORT_BODY (256 << 20)
/* Requests of one connection that may be answered at the same time (pipelining); past it we stop reading. */
#define LIMIT_HTTP_PIPELINE 16
/* Streams of one HTTP/2 connection that may be open at the same time, as RFC 9113 section 6.5.2 recommends at least. */
#define LIMIT_HTTP2_STREAMS 100
/* Requests that an HTTP/2 client has cancelled and a handler still works on; past it its further requests are refused until some are
 * done. Cancelling is how one client makes a server work without end (CVE-2023-44487). */
#define LIMIT_HTTP2_CANCELLED 100
/* Bodies under way on one HTTP/2 connection, all streams together but for imports; past it streams are refused. */
#define LIMIT_HTTP2_BODIES (8 << 20)
/* What an HTTP/2 client may send ahead on one stream, and on the connection. */
#define LIMIT_HTTP2_STREAM_WINDOW (1 << 20)
#define LIMIT_HTTP2_WINDOW (4 << 20)
/* Frames that ask for nothing (PING, SETTINGS, RST_STREAM, PRIORITY, empty DATA, what is malformed): so many at once, so many a second,
 * and one more for each answer that the client let us finish. Browsers send a few a second. */
#define LIMIT_HTTP2_NUISANCES 1000
#define LIMIT_HTTP2_NUISANCES_PER_SECOND 33
/* WINDOW_UPDATE frames: as above, and so many more for each DATA frame that we send; Go sends one for each 4 KB it has read. */
#define LIMIT_HTTP2_UPDATES_PER_DATA 16
/* CONTINUATION frames of one head; ours may be 16 KB, which is one frame. */
#define LIMIT_HTTP2_CONTINUATIONS 4
/* Entries of one SETTINGS frame; there are 8 settings. */
#define LIMIT_HTTP2_SETTINGS 32
/* Acknowledgements (of PING and SETTINGS) that wait to be sent; more than the nuisances, so that who floods is told. */
#define LIMIT_HTTP2_ACKNOWLEDGEMENTS 2000
/* Open connections of one loop; past it the oldest idle one is closed. */
#define LIMIT_HTTP_CONNECTIONS 10000
/* Slow clients: to send the whole head, to send the body, to stay idle between requests, to take an
 * answer. */
#define LIMIT_HTTP_HEAD_MS 10000
#define LIMIT_HTTP_BODY_MS 30000
#define LIMIT_HTTP_IDLE_MS 60000
#define LIMIT_HTTP_WRITE_MS 30000
/* Bodies and answers that take longer than that must flow at least so fast: a modem of 1985. */
#define LIMIT_HTTP_OCTETS_PER_SECOND 1000
/* After the last answer we still read, and drop, for so long: closing at once would reset the connection, and the client would
 * lose an answer that it has not read yet. */
#define LIMIT_HTTP_LINGER_MS 5000
/* An HTTP/2 client that has open requests and is silent for so long is asked (PING) whether it is there; who does not answer in the same time is gone. */
#define LIMIT_HTTP2_SILENCE_MS 20000
/* How long open requests may take to finish after SIGTERM. */
#define LIMIT_DRAIN_MS 25000
/* How long a connection that is kept open without a request may go on so after SIGTERM: its next request is answered and told that it was the last. */
#define LIMIT_FAREWELL_MS 1000
/* How long a server that starts waits for another one to let go of a store: it drains, and has some more. */
#define LIMIT_WRITER_WAIT_MS 35000
/* Memory of one ordinary call: request, messages, answer. */
#define LIMIT_CALL_ARENA (64 << 20)
/* Memory of a call that carries a whole file (import, export). */
#define LIMIT_BULK_ARENA ((size_t)4 << 30)
/* Nesting of JSON that we read; our deepest request has 6 levels. */
#define LIMIT_JSON_DEPTH 32
/* Wrong fields that one answer lists; who has more than these starts over anyway. */
#define LIMIT_VIOLATIONS 20
/* Query parameters of one request, and the fields that ?fields= and the relations that ?embed= may name. */
#define LIMIT_QUERY_PARAMETERS 100
/* Segments of a path; our longest route has 6. */
#define LIMIT_PATH_SEGMENTS 16
/* Variables of a route; our longest has 2. */
#define LIMIT_ROUTE_VARIABLES 4
/* Fields that one link binds; ours bind 1 or 2. */
#define LIMIT_LINK_BINDINGS 4
#define LIMIT_LINK_CONDITIONS 4
/* An answer. */
#define LIMIT_ANSWER_BYTES (256 << 20)

/* --- GraphQL documents --- */

/* A document from the wire; the largest that we have seen a storefront send was 12 KB. */
#define LIMIT_GRAPHQL_BYTES (128 << 10)
/* Its tokens: GraphiQL's introspection has 350, a page of a storefront under 1,000. */
#define LIMIT_GRAPHQL_TOKENS 10000
/* Nesting of selection sets, of values and of types; introspection nests 14 selection sets. What an operation nests when its fragments
 * are put in has the same bound. */
#define LIMIT_GRAPHQL_DEPTH 32
/* Aliases: each may ask for the same thing once more. */
#define LIMIT_GRAPHQL_ALIASES 100
#define LIMIT_GRAPHQL_DIRECTIVES 100
/* Trusted documents, and SDL. */
#define LIMIT_GRAPHQL_TRUSTED_BYTES (512 << 10)
#define LIMIT_GRAPHQL_TRUSTED_DEPTH 200
/* Wrong things that one answer lists. */
#define LIMIT_GRAPHQL_ERRORS 20
/* Places that one of them names. */
#define LIMIT_GRAPHQL_ERROR_PLACES 20
/* Steps that validation may take where its time is not in proportion to the document: each is about 10 ns, and a large storefront page takes
 * 2,000. */
#define LIMIT_GRAPHQL_STEPS 300000
/* Objects that a list counts for before it is known how long it is, where nobody asks for a number. */
#define LIMIT_GRAPHQL_LIST_ASSUMED 10

/* Fields that an operation selects when its fragments are put in, for every type that an interface may be. Execution keeps about 200 bytes of
 * each; the largest page of a storefront has 500. */
#define LIMIT_GRAPHQL_FIELDS 20000
/* An answer. A page of 100 products with all that is said of them has 1 MB. */
#define LIMIT_GRAPHQL_ANSWER (16 << 20)
/* Objects of the schema that one answer tells of. Types lead to types and back again, and each round multiplies them: a document of 400
 * bytes can ask for more than there is time for. GraphiQL's whole introspection has 4,000. */
#define LIMIT_GRAPHQL_INTROSPECTED 20000
/* A stream that has nothing to tell says so, as proxies close what is silent for a minute. */
#define LIMIT_STREAM_PULSE_MS 15000

/* --- calls --- */

/* The time a call may take when the caller says nothing. */
#define LIMIT_CALL_MS 30000
/* A checkout that takes longer answers 202 and goes on; the buyer follows its Location. */
#define LIMIT_CHECKOUT_WAIT_MS 5000
/* A saga whose caller waits asks a service that is away for so long, as it may be back at once; then the caller is told. */
#define LIMIT_AWAY_MS 1000
/* An answer waits this long for the services that listen to its events to catch up. */
#define LIMIT_SETTLE_MS 1000
/* For so long a batch whose store failed over something that passes (a session that was lost) is run again, before its callers are told. */
#define LIMIT_REDO_MS 2000
/* How long a payment provider may take to answer, and how long we wait before asking it what it knows. */
#define LIMIT_PROVIDER_MS 1500
#define LIMIT_PROVIDER_RETRY_MS 300
/* Commands waiting for one writer; past it a call is refused with `overloaded`. */
#define LIMIT_WRITER_QUEUE 10000
/* Commands in one commit: past 256 the gain is small (bench/store_bench.c) and the latency grows. */
#define LIMIT_COMMIT_BATCH 256
/* How long one part of a bulk command (an import) holds the writer. Others wait for two of them at most, and for two commits. */
#define LIMIT_PART_MS 30
/* Queries waiting for the readers. */
#define LIMIT_READER_QUEUE 10000
/* So many must wait before any are refused for how long the first of them has waited; and how long that may be, by what is asked. Shoppers who
 * look leave after a few seconds; who pays must not be sent away before they are. */
#define LIMIT_SHED_QUEUE 64
#define LIMIT_SHED_REPORT_MS 250
#define LIMIT_SHED_BROWSE_MS 500
#define LIMIT_SHED_CART_MS 1000
#define LIMIT_SHED_PAY_MS 4000
/* And who has waited so many times as long, as others were more urgent, is refused as well: two seconds for a page. */
#define LIMIT_SHED_GIVE_UP 4
/* Sagas under way in one service; one takes about 20 KB. */
#define LIMIT_SAGAS 10000
/* An Idempotency-Key. */
#define LIMIT_IDEMPOTENCY_KEY 255
/* An X-Request-Id that we take over; UUIDs have 36. */
#define LIMIT_REQUEST_ID 64
/* Idempotency records are kept this long; clients may count on 24 hours. */
#define LIMIT_IDEMPOTENCY_HOURS 48

/* --- gRPC --- */

/* Messages within messages; our deepest request has 5. */
#define LIMIT_MESSAGE_DEPTH 32
/* The body of a request that is no file: gRPC's clients send up to 4 MB unless told otherwise, and are told when it is over LIMIT_HTTP_BODY. */
#define LIMIT_GRPC_BODY ((4 << 20) + 1024)
/* Answers up to here are sent as they are, whatever the client accepts: compressing them takes longer than sending. */
#define LIMIT_GRPC_PLAIN_BYTES 8192
/* An answer of another process, packed: what its arena holds twice. */
#define LIMIT_GRPC_ANSWER (16 << 20)
/* An answer of another process waits so long for this one's caches to hear of what it changed. */
#define LIMIT_TOUCH_WAIT_MS 200
/* Events that one process reads of another at once. */
#define LIMIT_FEED_EVENTS 1024
/* Connecting to another process. */
#define LIMIT_GRPC_CONNECT_MS 1000
/* A connection on which nothing came for so long is asked whether it is still there; and how long it may take to say so. */
#define LIMIT_GRPC_PING_MS 500
#define LIMIT_GRPC_SILENCE_MS 1500
/* How long a query or a command of a service elsewhere may take. Locally they take milliseconds; the store's slowest commit, a second. */
#define LIMIT_GRPC_CALL_MS 5000
/* Calls to one service elsewhere that may be under way at once: at 1 ms each that is 2,000,000 a second; of one that hangs, 50 MB. */
#define LIMIT_GRPC_CALLS 2048
/* Status details in base64: clients take 8 KB to 16 KB of trailers. Longer ones are left out; status and message stay. */
#define LIMIT_GRPC_DETAILS 6144
/* A question to server reflection; how many one stream may ask; and how long nothing may be asked before it ends. */
#define LIMIT_GRPC_QUESTION 4096
#define LIMIT_GRPC_QUESTIONS 1000
#define LIMIT_GRPC_QUESTION_MS 60000

/* Events that one ?asOf= may replay: about 10 s of a reader, and 8 MB of the call's arena. */
#define LIMIT_TEMPORAL_EVENTS 1000000

/* Streams to clients that wait for something to happen (server-sent events, subscriptions), of all loops: as many as have connections. */
#define LIMIT_WATCHES 10000
/* A stream on which nothing happens says so this often: proxies give up after a minute. */
#define LIMIT_HEARTBEAT_MS 15000
/* What a streaming client has not taken, past which we read no further for it. */
#define LIMIT_FOLLOW_UNSENT (1 << 20)

/* --- carts --- */

/* Different things in one cart: what a shopper can still look through, and a checkout reserve in one commit. */
#define LIMIT_CART_LINES 200
/* Of one thing. */
#define LIMIT_LINE_QUANTITY 100000
/* Coupons in one cart. */
#define LIMIT_CART_COUPONS 10
/* A cart that nobody touches for so long is closed. */
#define LIMIT_CART_IDLE_DAYS 30

/* A buyer at their bank's page, and a provider that does not know yet, have so long. */
#define LIMIT_CHECKOUT_PAYMENT_MS (30 * 60 * 1000)
/* A checkout's units are held for so long at least: until it has failed, if it fails, and everything is given back. */
#define LIMIT_CHECKOUT_HOLD_SECONDS (60 * 60)

/* --- imports --- */

/* Problems and changes that a report lists: nobody reads more; all are counted. */
#define LIMIT_IMPORT_PROBLEMS 1000
#define LIMIT_IMPORT_CHANGES 1000
/* Variants of one part of an import, between which LIMIT_PART_MS decides: fewer and the commits, here and in the services that listen, cost more than
 * what is in them, just when there is much to do. */
#define LIMIT_IMPORT_PART_VARIANTS_MIN 500
#define LIMIT_IMPORT_PART_VARIANTS 2000
/* An import that has stood still for so long is dead, as its process is, and is taken back. The longest that a part waits for its turn is far less. */
#define LIMIT_IMPORT_STANDSTILL_MS 30000
/* Categories of one product, as its contract says; files may not name more. */
#define LIMIT_PRODUCT_CATEGORIES 50

/* --- lists --- */

#define LIMIT_PAGE_DEFAULT 24
#define LIMIT_PAGE_MAX 100
/* Facets are counted over at most so many products: about 100 ms of work. */
#define LIMIT_FACET_PRODUCTS 10000
/* Items that one batch query takes. */
#define LIMIT_BATCH_GET 1000

#endif
