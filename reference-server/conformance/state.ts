// State that goes out to the client between two rounds and comes back: signed, so that what comes back is what went out.
import { randomBytes } from 'node:crypto'
import { createRequestStateCodec } from '@modelcontextprotocol/server'

export const stateCodec = createRequestStateCodec<{ round: number }>({ key: randomBytes(32) })
