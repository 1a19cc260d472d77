-- How every script begins and ends: each thread knows its number, and what came of all is told at last.

local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        'aviary-bench {"requests":%d,"micros":%d,"bytes":%d,"p50":%d,"p99":%d,"refused":%d,"lost":%d}\n',
        summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
