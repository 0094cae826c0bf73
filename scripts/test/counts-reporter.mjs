// A vitest reporter: counts every test into NEXUS_COUNTS_FILE, lists the skipped ones with their reasons, and turns a skip
// that NEXUS_REQUIRE forbids into a failure. What failed is named once more there, for whoever sees only the end of a long output.
import { writeFileSync } from 'node:fs'
import { isRequired, none } from './counts.mjs'

export default class CountsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = none()
    const failures = []
    const reasons = new Map()
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      // A file that could not be loaded has no tests, which must not look like success.
      if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed')) {
        counts.failed += 1
        failures.push(...(module.errors().length === 0 ? [module.relativeModuleId] : module.errors().map((error) => told(module.relativeModuleId, error))))
      }
      for (const test of tests) {
        const { state, note, errors } = test.result()
        if (state === 'failed') failures.push(told(`${module.relativeModuleId} > ${test.fullName}`, errors?.at(-1)))
        if (state !== 'skipped') { counts[state === 'passed' ? 'passed' : 'failed'] += 1; continue }
        const reason = note ?? (test.options.mode === 'todo' ? 'to do' : NO_REASON)
        counts[isForbidden(reason) ? 'failed' : 'skipped'] += 1
        reasons.set(reason, [...(reasons.get(reason) ?? []), test.fullName])
      }
    }
    counts.failed += unhandledErrors.length
    failures.push(...unhandledErrors.map((error) => told('unhandled', error)))
    for (const [reason, names] of reasons) {
      if (isForbidden(reason)) failures.push(...names.map((name) => `${name}: skipped: ${reason}`))
      process.stdout.write(`${isForbidden(reason) ? 'must not be skipped' : 'skipped'}: ${reason}\n${names.map((name) => `    ${name}\n`).join('')}`)
    }
    writeFileSync(process.env.NEXUS_COUNTS_FILE, JSON.stringify({ ...counts, failures }))
  }
}

const NO_REASON = 'no reason given'

/** A skip names its reason, and the machine of CI has what it was said to have. */
function isForbidden(reason) {
  return isRequired(reason) || (reason === NO_REASON && process.env.CI !== undefined)
}

/** One line, short enough that thirty of them can be read. */
function told(name, error) {
  const message = String(error?.message ?? error ?? 'no error was given').replaceAll(/\s+/g, ' ')
  return `${name}: ${message.length > 400 ? `${message.slice(0, 400)} …` : message}`
}
