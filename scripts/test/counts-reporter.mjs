// A vitest reporter: counts every test into NEXUS_COUNTS_FILE, lists the skipped ones with their reasons, and turns a skip
// that NEXUS_REQUIRE forbids into a failure.
import { writeFileSync } from 'node:fs'
import { isRequired, none } from './counts.mjs'

export default class CountsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = none()
    const reasons = new Map()
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      // A file that could not be loaded has no tests, which must not look like success.
      if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed')) counts.failed += 1
      for (const test of tests) {
        const { state, note } = test.result()
        if (state !== 'skipped') { counts[state === 'passed' ? 'passed' : 'failed'] += 1; continue }
        const reason = note ?? (test.options.mode === 'todo' ? 'to do' : 'no reason given')
        counts[isRequired(reason) ? 'failed' : 'skipped'] += 1
        reasons.set(reason, [...(reasons.get(reason) ?? []), test.fullName])
      }
    }
    counts.failed += unhandledErrors.length
    for (const [reason, names] of reasons) {
      process.stdout.write(`${isRequired(reason) ? 'required but skipped' : 'skipped'}: ${reason}\n${names.map((name) => `    ${name}\n`).join('')}`)
    }
    writeFileSync(process.env.NEXUS_COUNTS_FILE, JSON.stringify(counts))
  }
}
