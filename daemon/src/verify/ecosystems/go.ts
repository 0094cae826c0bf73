import type { Ecosystem } from '../ecosystem.ts'

export const go: Ecosystem = {
  name: 'go',
  marks: ['go.mod'],
  asks: [],
  reads: [],
  recognises: 'go.mod',
  // -json: plain `go test` counts packages, not tests.
  commands: () => [
    { kind: 'build', command: ['go', 'build', './...'] },
    { kind: 'lint', command: ['go', 'vet', './...'] },
    { kind: 'test', command: ['go', 'test', '-json', './...'] },
  ],
}
