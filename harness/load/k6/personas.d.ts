// The module that bundle.ts makes up for each run: the personas that its plan names, by id.
declare module 'stampede:personas' {
  import type { PersonaDefinition } from '../../persona.ts'

  export const personas: Record<string, PersonaDefinition>
}
