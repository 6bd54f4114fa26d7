// Colours of a terminal, put on only where they are wanted: the caller looks at NO_COLOR and at what it writes to.
import { styleText } from 'node:util'

export type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold'

export interface Look {
  /** Columns. */
  width: number
  colour: boolean
}

/** A piece of a line: the lighter, the sooner it is left out. */
export interface Part {
  text: string
  weight: number
  paint?: Colour | undefined
}

export type Painter = (text: string, ...colours: (Colour | undefined)[]) => string

export function painter(colour: boolean): Painter {
  return (text, ...colours) => {
    const given = colours.filter((each) => each !== undefined)
    return colour && given.length > 0 ? styleText(given, text, { validateStream: false }) : text
  }
}
