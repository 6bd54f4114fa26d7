// What `import … from 'mcp-stampede'` gives: all that one's own scenarios, personas, faults and targets are written with. Units of ours
// come by their own names: 'mcp-stampede/personas/steady', 'mcp-stampede/faults/postgres-lock', 'mcp-stampede/checks/fairness'.
//
// Personas run inside k6, so nothing here may need Node.
// biome-ignore-start lint/performance/noBarrelFile: the one door of the package
export { type Fault, type FaultDefinition, fault, type Injected, type Proof, type Timing } from './faults/fault.ts'
export { atQuick, bytes, choice, count, milliseconds, perSecond, ratio, share, sqlName } from './parameters.ts'
export { type Agent, type Answer, persona, preset } from './persona.ts'
export { type Scenario, scenario } from './scenario.ts'
export { type AgentIdentity, type Target, type TargetContext, type ToolRole, target, todo } from './target.ts'
// biome-ignore-end lint/performance/noBarrelFile: the one door of the package
