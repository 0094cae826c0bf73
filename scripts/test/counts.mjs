// How many checks passed, failed and were skipped, and the one line that says so.

export function none() {
  return { passed: 0, failed: 0, skipped: 0 }
}

export function addCounts(total, counts) {
  for (const key of ['passed', 'failed', 'skipped']) total[key] += counts[key]
}

export function countsLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

/** The lines of the acceptance script that tell of a failure. */
export function acceptanceFailures(output) {
  return output.split('\n').filter((line) => line.startsWith('not ok ')).map((line) => `e2e/acceptance.sh: ${line}`)
}

/** From the acceptance script's lines: `ok N - …`, `not ok N - …`, `ok N - … # SKIP why`. */
export function acceptanceCounts(output) {
  const counts = none()
  for (const line of output.split('\n')) {
    if (/^not ok \d+/.test(line)) counts.failed += 1
    else if (/^ok \d+ .*# SKIP/.test(line)) counts[isRequired(line) ? 'failed' : 'skipped'] += 1
    else if (/^ok \d+/.test(line)) counts.passed += 1
  }
  return counts
}

/**
 * NEXUS_REQUIRE=tmux,gcc: there, a skip whose reason begins with `needs tmux` is a failure: the machine was meant to
 * have it, so the skip hides something.
 */
export function isRequired(reason) {
  const needed = /needs ([\w.+-]+)/.exec(reason)?.[1]
  return needed !== undefined && (process.env.NEXUS_REQUIRE ?? '').split(',').includes(needed)
}
