// A real project with real tools: its own `npm test` (types, then unit tests) inside against outside.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Nexus, root } from '../nexus.ts'
import { forgetCaches, furnish } from '../real-project.ts'
import { bestOf, goal, pairs, row } from './pairs.ts'

await using nexus = new Nexus()
furnish(nexus.project)
/** The shell tells what the processors did, which other work on the machine hardly changes. */
const TEST = ['bash', '-c', "TIMEFORMAT='cpu %U %S'; time npm test --silent"] as const

interface Figure { readonly wall: number; readonly cpu: number }

async function measured(program: string, ...words: string[]): Promise<Figure> {
  forgetCaches(nexus.project)
  const beganAt = performance.now()
  const child = spawn(program, words, { cwd: nexus.project, env: nexus.env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { said += chunk.toString() })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}: ${said}`)
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(said) ?? []
  return { wall: performance.now() - beganAt, cpu: (Number(user) + Number(system)) * 1000 }
}

const cpu = { base: [] as number[], other: [] as number[] }
const timed = (side: keyof typeof cpu, words: readonly string[]) => async (): Promise<number> => {
  const [program = '', ...rest] = words
  const figure = await measured(program, ...rest)
  cpu[side].push(figure.cpu)
  return figure.wall
}

await nexus.run('true')
const pair = await bestOf(() => pairs(5, timed('base', TEST), timed('other', [join(root, 'nexus'), 'run', '--discard', '--', ...TEST])), ({ ratio }) => ratio <= 1.1)
console.log(row('npm test of a real project', pair, goal('x <= 1.1', pair.ratio <= 1.1)))
const [bases, others] = [cpu.base.values(), cpu.other.values()]
const next = (values: Iterator<number>) => () => Number(values.next().value)
console.log(row('  what its processors did', await pairs(cpu.base.length - 1, next(bases), next(others))))
