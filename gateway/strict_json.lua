-- Refuses a JSON request that has a field its contract does not know, or one field twice.
-- What follows the filter would leave such a field out in silence, and a misspelt one with it.
-- JSON that does not parse, or whose values have the wrong type, is left to the transcoder.

-- ROUTES: {method, pattern of the path, message}; FIELDS: message -> spelling -> {field, message inside it or nil}.
--[[TABLES]]

local DEEPEST = 32

local function after_space(text, at)
  return text:find("[^ \t\r\n]", at) or #text + 1
end

-- The end of the string that begins at the quote `at`, or nil.
local function string_end(text, at)
  local from = at + 1
  while true do
    local found = text:find('["\\]', from)
    if found == nil then return nil end
    if text:byte(found) == 34 then return found end
    from = found + 2
  end
end

local value

local function object(text, at, message, path, depth)
  local known, seen = FIELDS[message], {}
  at = after_space(text, at + 1)
  if text:sub(at, at) == "}" then return at + 1 end
  while true do
    if text:sub(at, at) ~= '"' then return nil end
    local last = string_end(text, at)
    if last == nil then return nil end
    local name = text:sub(at + 1, last - 1)
    local inside = nil
    if known ~= nil then
      local field = known[name]
      if field == nil then return nil, "a field that is not known: " .. path .. name end
      if seen[field[1]] then return nil, "a field twice: " .. path .. name end
      seen[field[1]], inside = true, field[2]
    end
    at = after_space(text, last + 1)
    if text:sub(at, at) ~= ":" then return nil end
    local problem
    at, problem = value(text, after_space(text, at + 1), inside, path .. name .. ".", depth + 1)
    if at == nil then return nil, problem end
    at = after_space(text, at)
    local mark = text:sub(at, at)
    if mark == "}" then return at + 1 end
    if mark ~= "," then return nil end
    at = after_space(text, at + 1)
  end
end

local function list(text, at, message, path, depth)
  at = after_space(text, at + 1)
  if text:sub(at, at) == "]" then return at + 1 end
  while true do
    local problem
    at, problem = value(text, at, message, path, depth + 1)
    if at == nil then return nil, problem end
    at = after_space(text, at)
    local mark = text:sub(at, at)
    if mark == "]" then return at + 1 end
    if mark ~= "," then return nil end
    at = after_space(text, at + 1)
  end
end

-- The place after the value that begins at `at`; or nil, and what is wrong if it is for us to say.
value = function(text, at, message, path, depth)
  if depth > DEEPEST then return nil, "nesting deeper than " .. DEEPEST .. " levels" end
  local mark = text:sub(at, at)
  if mark == "{" then return object(text, at, message, path, depth) end
  if mark == "[" then return list(text, at, message, path, depth) end
  if mark == '"' then
    local last = string_end(text, at)
    return last and last + 1
  end
  local last = select(2, text:find("^[%w%.%+%-]+", at))
  return last and last + 1
end

local function message_of(method, path)
  for _, route in ipairs(ROUTES) do
    if route[1] == method and path:find(route[2]) then return route[3] end
  end
end

function envoy_on_request(request)
  local headers = request:headers()
  if (headers:get("content-type") or ""):find("^application/grpc") then return end
  local path = headers:get(":path"):gsub("%?.*", "")
  local message = message_of(headers:get(":method"), path)
  if message == nil then return end
  local body = request:body()
  if body == nil or body:length() == 0 then return end
  local text = body:getBytes(0, body:length())
  local _, problem = value(text, after_space(text, 1), message, "", 0)
  if problem ~= nil then
    request:respond({[":status"] = "400"}, "the request has " .. problem)
  end
end
