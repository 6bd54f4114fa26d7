from locust import FastHttpUser, constant, task


class Agent(FastHttpUser):
    wait_time = constant(0)
    body = '{"jsonrpc":"2.0","id":"c1","method":"tools/call","params":{"name":"list_tables","arguments":{}}}'

    @task
    def call(self):
        self.client.post("/mcp", data=self.body, headers={"Content-Type": "application/json"})
