// All of them.
import type { Mutation } from '../mutation.ts'
import { behaviour } from './behaviour.ts'
import { costs } from './costs.ts'
import { effects } from './effects.ts'
import { readings } from './readings.ts'
import { record } from './record.ts'
import { refusals } from './refusals.ts'

export const mutations: readonly Mutation[] = [...record, ...refusals, ...effects, ...readings, ...behaviour, ...costs]
