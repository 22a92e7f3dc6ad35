-- wrk: random pictures, with the signed cookie from the environment
local cookie = os.getenv("COOKIE")
local requests, at = {}, 0
function init(args)
  math.randomseed(42)
  for i = 1, 2000 do
    requests[i] = wrk.format("GET", "/img/1440/" .. math.random(1, 200) .. ".jpg", {["Cookie"] = cookie, ["Host"] = wrk.host .. ":" .. wrk.port})
  end
end
function request()
  at = at % 2000 + 1
  return requests[at]
end
function done(summary, latency, all)
  local e = summary.errors
  io.write(string.format("JSON {\"requests\":%d,\"us\":%d,\"p50\":%d,\"p99\":%d,\"errors\":%d}\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
