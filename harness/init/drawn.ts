// From a tool's JSON schema to what agents may draw as its arguments: by const, enum, examples, default, ranges, and what is required.
// What a schema does not say (which customer, which repository) nobody can guess: it becomes a todo, and the tool is not called. Pure.
// Parameters: none; schemas are followed 8 deep and 1,000 values far, lists are of 20 at most. Not modelled: `pattern`,
// conditions (`if`, `dependentSchemas`), `allOf` within `allOf`, references to other documents.

export type Drawn =
  | { kind: 'fixed'; value: unknown }
  | { kind: 'pick'; values: readonly unknown[] }
  | { kind: 'int'; from: number; to: number }
  | { kind: 'object'; fields: readonly (readonly [string, Drawn])[] }
  | { kind: 'list'; items: readonly Drawn[] }
  | { kind: 'todo'; what: string }

type Schema = Record<string, unknown>

/** What is being drawn from, and how many values more may be. */
interface Whole {
  root: Schema
  left: number
}

const DEPTH_MAX = 8
/** Of what goes in circles by several ways, depth alone is no bound. */
const VALUES_MAX = 1_000
const INT_SPAN = 49
const CHOICES_MAX = 20
const ITEMS_MAX = 20

/** @param schema `inputSchema` as the server sent it: anything */
export function drawnOf(schema: unknown): Drawn {
  const root = isObject(schema) ? schema : {}
  const said = spoken(root)
  // Arguments are an object, whatever else a schema may say.
  return said && isObject(sampleOf(said)) ? said : objectOf(root, { root, left: VALUES_MAX }, 0)
}

function drawnValue(schema: unknown, name: string, whole: Whole, depth: number): Drawn {
  if (depth > DEPTH_MAX || whole.left-- <= 0) return todo(name, undefined)
  const own = merged(resolved(schema, whole.root), whole.root)
  if (!own) return todo(name, undefined)
  const said = spoken(own)
  if (said) return said
  for (const choices of [own.anyOf, own.oneOf]) {
    if (!Array.isArray(choices)) continue
    const drawn = choices.map((choice) => drawnValue(choice, name, whole, depth + 1))
    return drawn.find((one) => !hasTodo(one)) ?? drawn[0] ?? todo(name, own)
  }
  const types = Array.isArray(own.type) ? own.type : [own.type]
  const [type] = types.filter((one) => one !== 'null')
  if (type === 'boolean') return { kind: 'pick', values: [true, false] }
  if (type === 'integer' || type === 'number') return numberOf(own, name)
  if (type === 'array') return listOf(own, name, whole, depth)
  if (type === 'object' || isObject(own.properties)) return objectOf(own, whole, depth)
  if (types.includes('null')) return { kind: 'fixed', value: null }
  return todo(name, own)
}

/** What a schema says outright. */
function spoken(schema: Schema): Drawn | undefined {
  if ('const' in schema) return { kind: 'fixed', value: schema.const }
  // `example` is of OpenAPI, from which many schemas are made.
  for (const choices of [schema.enum, schema.examples, 'example' in schema ? [schema.example] : []]) {
    if (Array.isArray(choices) && choices.length > 0) return picked(choices.slice(0, CHOICES_MAX))
  }
  return 'default' in schema ? { kind: 'fixed', value: schema.default } : undefined
}

function picked(values: readonly unknown[]): Drawn {
  return values.length === 1 ? { kind: 'fixed', value: values[0] } : { kind: 'pick', values }
}

/** A range is drawn from, from its lower end; one bound alone is taken as it is. */
function numberOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum, description }: Schema, name: string): Drawn {
  const from = lowest(minimum, exclusiveMinimum, 1)
  const to = lowest(maximum, exclusiveMaximum, -1)
  if (from !== undefined && to !== undefined && Number.isInteger(from) && to >= from)
    return from === to ? { kind: 'fixed', value: from } : { kind: 'int', from, to: Math.min(Math.floor(to), from + INT_SPAN) }
  const known = from ?? to
  return known === undefined ? todo(name, { description }) : { kind: 'fixed', value: known }
}

function lowest(bound: unknown, exclusive: unknown, step: number): number | undefined {
  if (typeof exclusive === 'number') return exclusive + step
  return typeof bound === 'number' ? bound : undefined
}

/** As long as it must be; of one item where the schema says what an item is, since few tools mean anything by an empty list. */
function listOf({ items, minItems, uniqueItems }: Schema, name: string, whole: Whole, depth: number): Drawn {
  const draw = () => drawnValue(items, name, whole, depth + 1)
  const item = draw()
  const least = typeof minItems === 'number' ? Math.min(minItems, ITEMS_MAX) : 0
  if (least < 1 && hasTodo(item)) return { kind: 'fixed', value: [] }
  const length = Math.max(1, least)
  if (uniqueItems === true && length > 1 && item.kind === 'pick') return { kind: 'fixed', value: item.values.slice(0, length) }
  return { kind: 'list', items: [item, ...Array.from({ length: length - 1 }, draw)] }
}

/** Of an object only what is required: what may be left out is left out. */
function objectOf({ properties, required }: Schema, whole: Whole, depth: number): Drawn {
  const names = Array.isArray(required) ? required.filter((name) => typeof name === 'string') : []
  const own = isObject(properties) ? properties : {}
  return { kind: 'object', fields: names.map((name) => [name, drawnValue(own[name], name, whole, depth + 1)] as const) }
}

/** `allOf`: what each of them says together; of two that say the same thing the later one. */
function merged(own: Schema | undefined, root: Schema): Schema | undefined {
  if (!own || !Array.isArray(own.allOf)) return own
  const parts = [...own.allOf.map((part) => resolved(part, root) ?? {}), { ...own, allOf: undefined }]
  const properties = parts.flatMap((part) => (isObject(part.properties) ? [part.properties] : []))
  const required = parts.flatMap((part) => (Array.isArray(part.required) ? part.required : []))
  return Object.assign({}, ...parts, properties.length > 0 && { properties: Object.assign({}, ...properties), required })
}

/** A reference within the same schema is followed. */
function resolved(schema: unknown, root: Schema): Schema | undefined {
  let own = schema
  for (let hops = 0; hops < DEPTH_MAX && isObject(own) && typeof own.$ref === 'string'; hops++) {
    const path = own.$ref.startsWith('#/') ? own.$ref.slice(2).split('/') : []
    own = path.reduce<unknown>((at, part) => (isObject(at) ? at[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined), root)
  }
  return isObject(own) ? own : undefined
}

function todo(name: string, schema: Schema | undefined): Drawn {
  const { description } = schema ?? {}
  const said = typeof description === 'string' && description.trim() !== '' ? `${name}: ${description.trim()}` : name
  return { kind: 'todo', what: said.replace(/\s+/g, ' ').slice(0, 80) }
}

export function hasTodo(drawn: Drawn): boolean {
  if (drawn.kind === 'object') return drawn.fields.some(([, field]) => hasTodo(field))
  if (drawn.kind === 'list') return drawn.items.some(hasTodo)
  return drawn.kind === 'todo'
}

/** The first value that could be drawn. @throws when there is a todo in it */
export function sampleOf(drawn: Drawn): unknown {
  switch (drawn.kind) {
    case 'fixed':
      return drawn.value
    case 'pick':
      return drawn.values[0]
    case 'int':
      return drawn.from
    case 'list':
      return drawn.items.map(sampleOf)
    case 'object':
      return Object.fromEntries(drawn.fields.map(([name, field]) => [name, sampleOf(field)]))
    case 'todo':
      throw new Error(`there is no value for ${drawn.what}`)
  }
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
