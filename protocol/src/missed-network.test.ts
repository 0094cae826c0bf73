import { expect, test } from 'vitest'
import { missedNetwork } from './missed-network.ts'

const failed = { exitCode: 1, flags: [], stdout: '', stderr: '' }

test.each([
  ['npm error request to https://registry.npmjs.org/x failed, reason: getaddrinfo EAI_AGAIN registry.npmjs.org', ['registry.npmjs.org'], 'npm'],
  ["fatal: unable to access 'https://github.com/a/b/': Could not resolve host: github.com", ['github.com'], 'github'],
  ["W: Failed to fetch http://deb.debian.org/x  Temporary failure resolving 'deb.debian.org'", ['deb.debian.org'], 'debian'],
  ["NameResolutionError(\"Failed to resolve 'pypi.org' ([Errno -3] Temporary failure in name resolution)\")", ['pypi.org'], 'pypi'],
  ['Get "https://own.example/x": dial tcp: lookup own.example on 10.0.0.1:53: dial udp: connect: network is unreachable', ['own.example'], 'own.example'],
  ['wget: unable to resolve host address ‘a.example’', ['a.example'], 'a.example'],
  ['connect: Network is unreachable', [], 'HOST,…'],
])('%s', (stderr, hosts, net) => {
  expect(missedNetwork({ ...failed, stderr })).toEqual({ hosts, allow: `nexus run --net ${net} -- …` })
})

test('nothing where it ended well, had a network, or spoke of something else', () => {
  const stderr = 'getaddrinfo EAI_AGAIN registry.npmjs.org'
  for (const run of [{ ...failed, stderr, exitCode: 0 }, { ...failed, stderr, network: ['npm'] }, { ...failed, stderr, flags: ['host-network' as const] }, { ...failed, stderr: 'npm error 404' }]) expect(missedNetwork(run)).toBeUndefined()
})
