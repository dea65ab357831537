# What the scripts beside this share: a server of our own on loopback, requests to it, and what it used of the processor.
# Sourced; expects $work (a folder) and $port.

token=bench-bench-bench-bench-bench-bench-bench
url=http://127.0.0.1:$port
souk_pid=

# souk_start NAME [VARIABLE=VALUE …] [-- ARGUMENT …]: on the store NAME, which is kept from one start to the next. Waits for its first
# answer, and leaves in $started_ms how long that took.
souk_start() {
    local store=$1 settings=() began ended
    shift
    while (($#)) && [[ $1 != -- ]]; do
        settings+=("$1")
        shift
    done
    began=$(date +%s%N)
    env SOUK_LOG=warning SOUK_ADMIN_TOKEN=$token SOUK_LISTEN=127.0.0.1:$port SOUK_STORE="sqlite:$work/$store" "${settings[@]}" \
        ${CORE:+taskset -c "$CORE"} build/release/souk serve "${@:2}" >"$work/log" 2>&1 &
    souk_pid=$!
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        kill -0 "$souk_pid" 2>/dev/null || { cat "$work/log" >&2; return 1; }
        sleep 0.002
    done
    curl -sf -o /dev/null "$url/v1/products?limit=1"
    ended=$(date +%s%N)
    started_ms=$(((ended - began) / 1000000))
}

souk_stop() {
    [[ -z $souk_pid ]] && return
    kill "$souk_pid" 2>/dev/null
    wait "$souk_pid" 2>/dev/null || true
    souk_pid=
}

# send METHOD PATH [JSON]: the answer, or the end.
send() {
    curl -sS --fail-with-body -X "$1" "$url$2" -H "Authorization: Bearer $token" -H "Content-Type: ${4:-application/json}" \
        -H "Idempotency-Key: bench-$RANDOM$RANDOM$RANDOM" ${3:+--data-binary "$3"}
}

# ticks PID: processor time so far, in hundredths of a second.
ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }

# rss PID: memory in MB.
rss() { awk '/VmRSS/ {printf "%.0f", $2 / 1024}' "/proc/$1/status"; }

# commits: how many the server has made.
commits() { curl -s "$url/metrics" | awk '/^souk_commits_total/ {sum += $2} END {print sum + 0}'; }

# csv_of COUNT: products with ten variants each, COUNT variants in all, in Shopify's columns.
csv_of() { csv_from 0 "$1"; }

# csv_from FIRST COUNT: the same, from one variant on.
csv_from() {
    awk -v first="$1" -v count="$2" 'BEGIN {
        print "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Grams," \
              "Variant Inventory Qty,Variant Price,Status"
        for (i = first; i < first + count; i++) {
            product = int(i / 10)
            if (i % 10 == 0)
                printf "bench-%d,Bench product %d,<p>What it is for and how it is made.</p>,Bench,Shirts,\"red, cotton\",TRUE,Size," \
                       "size %d,B-%d,250,1000,19.90,active\n", product, product, i % 10, i
            else
                printf "bench-%d,,,,,,,,size %d,B-%d,250,1000,19.90,\n", product, i % 10, i
        }
    }'
}

# stock_shop: one product to buy, and a way to send it; leaves its id in $method. After a large import the stock of a new product can be
# changed only when inventory has heard of those before it.
stock_shop() {
    send POST /v1/products '{"title":"Shirt","status":"published","description":"A shirt.","variants":[{"sku":"S-1","prices":[{"amount":1990,"currency":"EUR"}]}]}' >/dev/null
    local tries=0
    until send POST /v1/inventory/S-1/adjustments '{"delta":100000000,"reason":"delivery"}' >/dev/null 2>&1; do
        ((++tries < 600)) || { echo "the product has no stock after a minute" >&2; return 1; }
        sleep 0.1
    done
    method=$(send POST /v1/shipping-methods '{"name":"Post","zones":[{"countries":["DE"],"rates":[{"amount":490,"currency":"EUR"}]}]}' |
        sed 's/.*"id":"\([^"]*\)".*/\1/')
}
