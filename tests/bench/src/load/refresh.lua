-- Exchanges refresh tokens, each of which works once: an answer brings the token of a later request. Arguments: a file
-- with a request for each token, the number of threads. Every thread needs more tokens than it has connections.

local bodies = {}
local path = ""

function init(args)
    local line_number = 0
    for line in io.lines(args[1]) do
        local _, at, _, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
        path = at
        if line_number % tonumber(args[2]) == number then bodies[#bodies + 1] = body end
        line_number = line_number + 1
    end
end

function request()
    local headers = { Host = wrk.headers["Host"], ["Content-Type"] = "application/json" }
    -- None is left only when answers were no tokens; then an empty body is refused, and that is counted.
    return wrk.format("POST", path, headers, table.remove(bodies) or "{}")
end

function response(status, headers, body)
    local token = body:match('"refreshToken":"([^"]+)"')
    if token then table.insert(bodies, 1, '{"refreshToken":"' .. token .. '"}') end
end
