-- For wrk: the page of another product each time, of as many as csv_of() made (lib.sh).
local count

function init(arguments)
    count = tonumber(arguments[1])
    math.randomseed(1)
end

function request()
    return wrk.format("GET", "/v1/products/bench-" .. math.random(0, count - 1))
end
