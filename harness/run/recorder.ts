// The raw files that the harness itself writes, beside those of the generator, the proxy and the server.
import path from 'node:path'
import type { ClockLine, FaultLine, HitLine, SampleLine } from '../history/raw-line.ts'
import type { RunFolder } from './folder.ts'
import { LineFile } from './line-file.ts'

export class Recorder implements AsyncDisposable {
  readonly faults: LineFile<FaultLine>
  readonly samples: LineFile<SampleLine>
  readonly clock: LineFile<ClockLine>
  readonly upstream: LineFile<HitLine>

  private constructor(faults: LineFile<FaultLine>, samples: LineFile<SampleLine>, clock: LineFile<ClockLine>, upstream: LineFile<HitLine>) {
    this.faults = faults
    this.samples = samples
    this.clock = clock
    this.upstream = upstream
  }

  static async open({ raw }: RunFolder): Promise<Recorder> {
    const file = <T>(name: string) => LineFile.create<T>(path.join(raw, `${name}.ndjson`))
    return new Recorder(
      await file<FaultLine>('faults'),
      await file<SampleLine>('samples'),
      await file<ClockLine>('clock'),
      await file<HitLine>('upstream'),
    )
  }

  async flush(): Promise<void> {
    for (const file of this.#files) await file.flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files) await file[Symbol.asyncDispose]()
  }

  get #files() {
    return [this.faults, this.samples, this.clock, this.upstream]
  }
}
