"""The simulator's one port: WebSockets and HTTP, on asyncio and on trio."""
