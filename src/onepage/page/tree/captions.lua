-- Captions come by reference: in hexadecimal, one for each panel, in an attribute of the figure's own span. Each is
-- read by itself, so that no bracket, quote or backtick of a caption can reach the text around it.
local READER = 'markdown-raw_tex-raw_html-native_divs-native_spans-raw_attribute-footnotes-inline_notes'
  .. '+gfm_auto_identifiers'

local function decoded(hex)
  return (hex:gsub('%x%x', function(byte) return string.char(tonumber(byte, 16)) end))
end

-- A word before it: what begins a list, a heading or a quotation at the start of a line is text in a caption.
local function inlines(text)
  if #text:match('\\*$') % 2 == 1 then text = text .. '\\' end  -- a backslash at the end escapes nothing
  local found = pandoc.utils.blocks_to_inlines(pandoc.read('x ' .. text, READER).blocks)
  found:remove(1)
  if #found > 0 then found:remove(1) end
  return found
end

function Span(span)
  local captions = span.attributes.captions
  if not captions then return nil end
  local listed = {}
  for hex in captions:gmatch('%S+') do table.insert(listed, hex) end
  local said = pandoc.Inlines {}
  for number, hex in ipairs(listed) do
    if number > 1 then said:insert(pandoc.Space()) end
    if #listed > 1 then said:insert(pandoc.Str('(' .. string.char(96 + number) .. ')\u{a0}')) end
    said:extend(inlines(decoded(hex)))
  end
  span.attributes.captions = nil
  span.content = said
  return span
end
