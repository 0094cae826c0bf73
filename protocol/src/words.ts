/** Numbers and times as a person reads them. */
import type { Breach } from './runs.ts'
import type { AgentWork } from './transcripts.ts'

export function duration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`
  const seconds = Math.round(milliseconds / 100) / 10
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = count
  let unit = 0
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit] ?? ''}`
}

export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`
}

export function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000))
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}

/** The day in this time zone: 2026-12-05. */
export function day(at: number): string {
  const date = new Date(at)
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-')
}

/** The time of day in this time zone, with the day when it is another one: 14:03:07, 2026-12-05 14:03:07. */
export function moment(at: number, now: number): string {
  const date = new Date(at)
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
  return day(at) === day(now) ? time : `${day(at)} ${time}`
}

/** Which limit ended a run, and by how much. */
export function breachWords({ limit, allowed, amount }: Breach): string {
  if (limit === 'space') return `the disk has ${bytes(amount)} left, and ${bytes(allowed)} must stay free`
  const words = limit === 'processes' ? (count: number) => plural(count, 'process', 'processes') : limit === 'files' ? (count: number) => plural(count, 'file') : limit === 'time' ? duration : bytes
  return `${limit} limit: ${words(amount)} of ${words(allowed)}`
}

/** The command line of a run: a shell line as it is, an argv quoted so that it could be typed again. */
export function commandLine(command: readonly string[]): string {
  if (command.length === 1) return command[0] ?? ''
  return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}

/** The command line that would allow what was denied; an agent's own hosts are on its list anyway. */
export function allowingLine({ agent }: { readonly agent?: { readonly name: string } | undefined }, { allow, target }: { readonly allow?: string | undefined; readonly target: string }): string | undefined {
  return allow === undefined || agent === undefined ? allow : `nexus agent --net ${target.replace(/:443$/, '')} ${agent.name} …`
}

/** What an agent says it spent: `claude: 12 turns, 3,400 in / 1,200 out`; why nothing is known, where that is so. */
export function agentWords({ name, spent, unknown }: AgentWork): string {
  if (!spent) return `${name}: ${unknown ?? 'nothing is known of what it spent'}`
  const { turns, inputTokens, outputTokens, cachedTokens, costUsd } = spent
  const words = [
    ...(turns === undefined ? [] : [plural(turns, 'turn')]),
    ...(inputTokens === undefined && outputTokens === undefined ? [] : [`${count(inputTokens)} in${cachedTokens ? ` (${count(cachedTokens)} cached)` : ''} / ${count(outputTokens)} out`]),
    ...(costUsd === undefined ? [] : [`$${costUsd.toFixed(costUsd < 1 ? 4 : 2)}`]),
  ]
  return `${name}: ${words.join(', ')}`
}

function count(amount: number | undefined): string {
  return amount === undefined ? '?' : amount.toLocaleString('en-US')
}
