// An answer that begins before it is known: progress goes out as server-sent events, and the answer is the last of them. Opened
// by the first notification only, so that what is refused before has its status and headers.
// A caller that does not read loses notifications, never the answer: what waits unread is bounded by the socket's buffer.
import type http from 'node:http'
import type { Call } from './call.ts'

/** Gives the call a way to notify, when its caller can read a stream. */
export function offerStream(call: Call, response: http.ServerResponse, instance: string): void {
  if (!call.headers.accept?.includes('text/event-stream')) return
  call.notify = (notification) => {
    if (response.destroyed || response.writableEnded || response.writableNeedDrain) return
    if (!response.headersSent) {
      const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
      response.writeHead(200, { ...call.answerHeaders, ...headers, 'x-instance': instance })
    }
    response.write(event(JSON.stringify(notification)))
  }
}

export function event(data: string): string {
  return `event: message\ndata: ${data}\n\n`
}
