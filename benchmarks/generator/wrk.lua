wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"jsonrpc":"2.0","id":"c1","method":"tools/call","params":{"name":"list_tables","arguments":{}}}'
