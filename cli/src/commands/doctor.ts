/** `nexus doctor` */
import { EXIT } from '@nexus/protocol/exit-code'
import type { Invocation } from '../command.ts'
import { Progress } from '../screen/progress.ts'
import { safe } from '@nexus/protocol/readable'
import { duration } from '@nexus/protocol/words'

export async function run(invocation: Invocation): Promise<number> {
  const { client, json, print, theme } = invocation
  using progress = new Progress('trying every back end')
  const doctor = await client.system.doctor.query()
  progress.stop()
  const code = doctor.chosen ? EXIT.ok : EXIT.refused
  if (json) {
    print(JSON.stringify(doctor))
    return code
  }
  for (const probe of doctor.probes) {
    const name = `${probe.backend} by ${probe.launcher}`.padEnd(24)
    print(`${probe.works ? theme.good('✓') : theme.bad('✗')} ${name} ${probe.works ? strength(probe.strength, theme) : theme.bad('does not work')}  ${theme.dim(duration(probe.tookMs))}`)
    const missing = probe.works ? probe.walls.filter((wall) => !wall.up) : []
    // How to mend it matters where the runs go; of a rung that only stands by, the names are enough.
    const isChosen = probe.backend === doctor.chosen?.backend && probe.launcher === doctor.chosen.launcher
    if (!isChosen && missing.length > 0) print(theme.dim(`    absent: ${missing.map(({ name, required }) => `${safe(name)}${required ? ' (required)' : ''}`).join(', ')}`))
    for (const wall of isChosen ? missing : []) {
      print(theme.dim(`    absent: ${safe(wall.name)}${wall.required ? ' (required)' : ''}${wall.cause ? ` — ${safe(wall.cause)}` : ''}`))
      if (wall.fix) print(theme.dim(`            fix: ${safe(wall.fix)}`))
    }
    if (probe.cause) print(`    cause: ${safe(probe.cause)}`)
    if (probe.fix) print(`    fix:   ${safe(probe.fix)}`)
  }
  print(doctor.chosen ? `runs here use ${doctor.chosen.backend} by ${doctor.chosen.launcher}: ${strength(doctor.chosen.strength, theme)}` : theme.bad('no back end works: every run will be refused'))
  return code
}

function strength(word: string | null, theme: Invocation['theme']): string {
  return word === 'full' ? theme.good('full') : theme.careful(word ?? '?')
}
