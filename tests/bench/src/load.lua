-- Arguments: method, path with {id}, file of ids (one a line), token, body.

function init(args)
    local method, path, file, token, body = args[1], args[2], args[3], args[4], args[5]
    local headers = {}
    if token ~= "" then headers["Authorization"] = "Bearer " .. token end
    if body ~= "" then headers["Content-Type"] = "application/json" else body = nil end
    prepared = {}
    for id in io.lines(file) do
        prepared[#prepared + 1] = wrk.format(method, (path:gsub("{id}", id)), headers, body)
    end
    if #prepared == 0 then prepared[1] = wrk.format(method, path, headers, body) end
    turn = 0
end

function request()
    turn = turn % #prepared + 1
    return prepared[turn]
end

function done(summary, latency)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    print(string.format(
        '{"requests":%d,"duration_us":%d,"failed":%d,"p50_us":%d,"p99_us":%d,"p999_us":%d}',
        summary.requests, summary.duration, failed,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
