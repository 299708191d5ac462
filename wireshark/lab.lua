--- Loads every dissector of this folder: `tshark -X lua_script:wireshark/lab.lua`. In a folder of plugins it is not needed.
for _, name in ipairs({ "framing", "hftp", "stopwait", "election", "broadcast", "rake" }) do require(name) end
