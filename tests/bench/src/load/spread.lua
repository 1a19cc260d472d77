-- Sends the requests of a file one after the other, over and over. Arguments: the file, the number of threads.
-- A line is a method, a path, a token and a body, with tabs between; the last two may be empty.

local requests = {}
local position = 0

local function read(line)
    local method, path, token, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
    local headers = { Host = wrk.headers["Host"] }
    if token ~= "" then headers["Authorization"] = "Bearer " .. token end
    if body == "" then
        body = nil
    else
        headers["Content-Type"] = "application/json"
    end
    return wrk.format(method, path, headers, body)
end

function init(args)
    for line in io.lines(args[1]) do
        requests[#requests + 1] = read(line)
    end
    -- Threads begin apart, so that they do not ask for the same at the same time.
    position = math.floor(#requests * number / tonumber(args[2]))
end

function request()
    position = position % #requests + 1
    return requests[position]
end
