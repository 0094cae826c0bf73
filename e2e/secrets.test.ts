/** What is handed to one run stays with that run: it is in no file of the state, and not in what the run prints. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { Nexus, STRANGER } from './nexus.ts'
import { proves } from './requirements.ts'

const SECRET = `tr0ub4dor&3/${process.pid}-ünsafe`
const VARIABLE = `variable-${process.pid}-of-the-caller`
let nexus: Nexus
beforeAll(() => { nexus = new Nexus({ env: { DEPLOY_TOKEN: SECRET, DEPLOY_TARGET: VARIABLE, STAGE: 'live', CORP_API_KEY: `plain-key-${process.pid}`, SHORT: 'abc' } }) })
afterAll(() => nexus[Symbol.asyncDispose]())

/** Files of the state that hold it: database, journal, log, layers, output, blobs. */
function holding(value: string): string[] {
  const { stdout } = spawnSync('grep', ['-rlaF', '--', value, join(nexus.base, 'state')], { encoding: 'utf8' })
  return stdout.split('\n').filter((line) => line !== '')
}

describe(proves('a named variable for one run', 'RUN-2'), () => {
  test('is there inside, and nowhere afterwards: not in the output, not in the record, in no file of the state', async () => {
    const script = `
test "$DEPLOY_TOKEN" = "$(printf %s "$EXPECTED")" && echo same
echo "token $DEPLOY_TOKEN and $DEPLOY_TARGET, stage $STAGE"
echo "again $DEPLOY_TOKEN" >&2
python3 -c 'import os,sys,time
for byte in os.environb[b"DEPLOY_TOKEN"]: sys.stdout.buffer.write(bytes([byte])); sys.stdout.buffer.flush()
print()'
printf %s "$DEPLOY_TOKEN" | base64 -w0; echo
echo ended`
    const run = await nexus.run('--secret', 'DEPLOY_TOKEN', '--env', 'DEPLOY_TARGET', '--env', 'STAGE', '--check', 'echo "check $DEPLOY_TOKEN"', `EXPECTED=$DEPLOY_TOKEN; echo made > made; ${script}`)
    const mark = '[secret: DEPLOY_TOKEN]'
    expect({ stdout: run.stdout, stderr: run.stderr, handed: run.handed, check: run.check?.output }).toEqual({
      stdout: `same\ntoken ${mark} and [secret: DEPLOY_TARGET], stage live\n${mark}\n${mark}${Buffer.from(SECRET).toString('base64').replace(/[^=]/g, '')}\nended\n`,
      stderr: `again ${mark}\n`, handed: ['DEPLOY_TARGET', 'STAGE', 'DEPLOY_TOKEN'], check: `check ${mark}\n`,
    })
    expect(run.redacted).toBe(5)
    const told = await nexus.call('show', run.id)
    expect(told.stdout).toContain('handed to it: DEPLOY_TARGET, STAGE, DEPLOY_TOKEN')
    expect(told.stdout).toContain('redacted 5 secrets in the output')
    for (const value of [SECRET, VARIABLE, Buffer.from(SECRET).toString('base64').replace(/=+$/, '')]) expect(holding(value)).toEqual([])
    expect((await nexus.run('env')).stdout).not.toMatch(/DEPLOY|STAGE/)
  })

  test('is not kept for a second run, and a mistake is told before anything runs', async () => {
    const first = await nexus.run('--secret', 'DEPLOY_TOKEN', 'true')
    const again = await nexus.json<{ run: Run }>('rerun', first.id)
    expect({ status: again.run.status, says: again.run.stderr.toString().includes('handed to another run') }).toEqual({ status: 'failed', says: true })
    for (const words of [['--secret', 'NOT_SET'], ['--env', 'A=b'], ['--env', 'PATH'], ['--secret', 'SHORT']]) expect((await nexus.call('run', ...words, 'true')).code).toBe(2)
  })

  test('a key for one host is used outside: inside are an address and a stand-in', async () => {
    const run = await nexus.run('--secret', 'CORP_API_KEY@api.corp.invalid:X-Token', 'echo $CORP_BASE_URL $CORP_API_KEY; env | grep -c plain-key; curl -s -o /dev/null -w "%{http_code}\\n" $CORP_BASE_URL/x; curl -s -o /dev/null -w "%{http_code}\\n" http://other.invalid/')
    expect(run.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+ kept-by-nexus\n0\n502\n403\n$/)
    expect({ handed: run.handed, denials: run.denials.map(({ target }) => target) }).toEqual({ handed: ['CORP_API_KEY@api.corp.invalid'], denials: ['other.invalid:80'] })
    expect(holding(`plain-key-${process.pid}`)).toEqual([])
    expect((await nexus.call('run', '--secret', 'CORP_API_KEY@*.corp.invalid', 'true')).code).toBe(2)
  })

  test('what looks like a secret goes from the output, too, and the record says so', async () => {
    const run = await nexus.run(`printf 'key AKI%s and\\n' AIOSFODNN7EXAMPLE; printf 'gh'; printf 'p_'; printf '%036d\\n' 7; echo plain`)
    expect({ stdout: run.stdout, redacted: run.redacted }).toEqual({ stdout: 'key [secret: AWS access key] and\n[secret: GitHub token]\nplain\n', redacted: 2 })
  })

  test('the weaker launcher, where everybody could read it in the list of processes, refuses; a key for one host is not there', async () => {
    await using weaker = new Nexus({ env: { NEXUS_NATIVE: '/nonexistent/nexus-native', DEPLOY_TOKEN: SECRET, CORP_API_KEY: `plain-key-${process.pid}` } })
    expect((await weaker.call('run', '--secret', 'DEPLOY_TOKEN', 'true')).code).toBe(126)
    const run = await weaker.run('--secret', 'CORP_API_KEY@api.corp.invalid', 'echo $CORP_API_KEY; env | grep -c plain-key; curl -s -o /dev/null -w "%{http_code}\\n" $CORP_BASE_URL/x')
    expect(run.stdout).toBe('kept-by-nexus\n0\n502\n')
  })
})

describe('settings', () => {
  const config = () => join(nexus.base, 'state/config.yaml')
  const own = () => join(nexus.project, '.nexus/settings.yaml')
  beforeAll(() => mkdirSync(join(nexus.project, '.nexus'), { recursive: true }))

  test('names that go into every run: the user\'s at once, a project\'s when it is trusted', async () => {
    writeFileSync(config(), 'environment: [STAGE, NOT_SET]\n')
    writeFileSync(own(), 'environment: [DEPLOY_TARGET]\n')
    expect((await nexus.run('echo "$STAGE ${#DEPLOY_TARGET}"')).stdout).toBe('live 0\n')
    // Also once more: they are there still.
    const { run: again } = await nexus.json<{ run: Run }>('rerun', (await nexus.run('echo "again $STAGE"')).id)
    expect({ stdout: again.stdout, handed: again.handed }).toEqual({ stdout: 'again live\n', handed: ['STAGE'] })
    await nexus.call('settings', 'trust')
    expect((await nexus.run('echo "$STAGE ${#DEPLOY_TARGET}"')).stdout).toBe(`live ${VARIABLE.length}\n`)
    expect(holding(VARIABLE)).toEqual([])
    await nexus.call('settings', 'distrust')
    writeFileSync(config(), '')
    writeFileSync(own(), '')
  })

  test('files like .env are seen while nothing can leave, empty as soon as it could; the mask is no change', async () => {
    mkdirSync(join(nexus.project, 'app'), { recursive: true })
    for (const name of ['.env', 'app/.env.local', '.env.example']) writeFileSync(join(nexus.project, name), `KEY=${name}\n`)
    const look = 'cat .env app/.env.local .env.example; echo more >> .env || true; echo done'
    const deep = 'a/b/c/d/e/.env'
    mkdirSync(join(nexus.project, 'a/b/c/d/e'), { recursive: true })
    writeFileSync(join(nexus.project, deep), 'DEEP\n')
    writeFileSync(join(nexus.project, 'app/real.txt'), 'REAL\n')
    symlinkSync('real.txt', join(nexus.project, 'app/.env'))
    symlinkSync('/etc/hostname', join(nexus.project, 'app/.env.outside'))
    const shut = await nexus.run('--discard', 'cat .env app/.env.local .env.example')
    expect(shut.stdout).toBe('KEY=.env\nKEY=app/.env.local\nKEY=.env.example\n')
    const open = await nexus.run('--net', 'example.com', `${look} 2>/dev/null`)
    expect({ stdout: open.stdout, changes: open.changes, notes: open.notes }).toEqual({ stdout: 'KEY=.env.example\ndone\n', changes: [], notes: [expect.stringContaining('.env, app/.env.local') as unknown] })
    expect((await nexus.run('--net', 'example.com', `cat ${deep} app/.env app/real.txt; test -s app/.env.outside && echo outside`)).stdout).toBe('outside\n')
    const below = await nexus.run('--keep', 'cp .env .env.copy; mv app moved')
    expect((await nexus.run('--on', below.id, '--net', 'example.com', 'cat .env.copy moved/.env.local; ls -A moved')).stdout).toBe('.env\n.env.local\n.env.outside\nreal.txt\n')
    await nexus.call('discard', below.id, '--cascade')
    writeFileSync(config(), 'secrets: { files: show }\n')
    expect((await nexus.run('--net', 'example.com', 'cat .env')).stdout).toBe('KEY=.env\n')
    writeFileSync(config(), 'secrets: { files: mask }\n')
    writeFileSync(own(), 'secrets: { files: show }\n')
    expect((await nexus.run('cat .env')).stdout).toBe('')
    expect(readFileSync(join(nexus.project, '.env'), 'utf8')).toBe('KEY=.env\n')
    expect(existsSync(join(nexus.project, 'app/.env.local'))).toBe(true)
    for (const folder of ['a', 'app']) rmSync(join(nexus.project, folder), { recursive: true })
    writeFileSync(config(), '')
  })
})

describe('secrets that Nexus keeps', () => {
  const KEPT = `kept-${process.pid}-0123456789`
  const file = () => join(nexus.base, 'state/secrets.json')
  const set = (name: string, value: string) => nexus.start(['secret', 'set', name, '--json'], { input: value }).ended

  test('go in by standard input, are used by name, and come out nowhere; such a run can be repeated', async () => {
    expect(JSON.parse((await set('KEPT_TOKEN', `${KEPT}\n`)).stdout)).toEqual({ secret: { name: 'KEPT_TOKEN', setAt: expect.any(Number) as number } })
    expect((statSync(file()).mode & 0o777).toString(8)).toBe('600')
    const listed = await nexus.call('secret', 'list')
    expect(listed.stdout).toMatch(/^KEPT_TOKEN {2}since \d{4}-\d\d-\d\d\n$/)
    const run = await nexus.run('--secret', 'KEPT_TOKEN', `echo "\${#KEPT_TOKEN} $KEPT_TOKEN"; cat ${file()} || echo closed`)
    expect({ stdout: run.stdout, handed: run.handed }).toEqual({ stdout: `${KEPT.length} [secret: KEPT_TOKEN]\nclosed\n`, handed: ['KEPT_TOKEN'] })
    const { run: again } = await nexus.json<{ run: Run }>('rerun', run.id)
    expect(again.stdout).toBe(run.stdout)
    // With something that is not: never without it.
    const mixed = await nexus.run('--secret', 'KEPT_TOKEN', '--env', 'STAGE', 'true')
    expect((await nexus.json<{ run: Run }>('rerun', mixed.id)).run).toMatchObject({ status: 'failed', handed: ['STAGE', 'KEPT_TOKEN'] })
    // What is set here comes first.
    expect((await nexus.run('--secret', 'DEPLOY_TOKEN', 'test -n "$DEPLOY_TOKEN" && echo set')).stdout).toBe('set\n')
    const keyed = await nexus.run('--secret', 'KEPT_TOKEN@api.corp.invalid:X-Token', 'echo $KEPT_TOKEN; env | grep -c kept-[0-9]; curl -s -o /dev/null -w "%{http_code}\\n" $KEPT_BASE_URL/x')
    expect(keyed.stdout).toBe('kept-by-nexus\n0\n502\n')
    expect(holding(KEPT)).toEqual([file()])
  })

  test('a command line is stored without the secrets in it; what runs is what was typed', async () => {
    const token = ['gh', 'p_', '0123456789abcdefghijklmnopqrstuvwxyz'].join('')
    const run = await nexus.run('--keep', '--check', `echo ${KEPT} | wc -c`, `printf %s ${KEPT} | wc -c; printf %s ${token} | wc -c; touch /${KEPT}; echo made > made`)
    const [shown] = run.command
    expect(shown).toBe('printf %s [secret: KEPT_TOKEN] | wc -c; printf %s [secret: GitHub token] | wc -c; touch /[secret: KEPT_TOKEN]; echo made > made')
    expect(run.stdout).toBe(`${KEPT.length}\n${token.length}\n`)
    expect({ command: run.check?.command, output: run.check?.output }).toEqual({ command: 'echo [secret: KEPT_TOKEN] | wc -c', output: `${KEPT.length + 1}\n` })
    expect((await nexus.call('runs', '--json')).stdout).not.toContain(KEPT)
    expect([holding(KEPT), holding(token)]).toEqual([[file()], []])
    const { run: again } = await nexus.json<{ run: Run }>('rerun', run.id)
    expect({ stdout: again.stdout, command: again.command }).toEqual({ stdout: run.stdout, command: run.command })
    await nexus.call('daemon', 'restart')
    expect((await nexus.json<{ error: { code: string } }>('rerun', run.id)).error.code).toBe('handed-gone')
  })

  test('a mistake is told, never the value; what was removed is gone', async () => {
    for (const words of [['set', 'KEPT_TOKEN', KEPT], ['set', 'not-a-name'], ['get', 'KEPT_TOKEN'], ['set']]) {
      const told = await nexus.call('secret', ...words)
      expect([told.code, told.stderr.includes(KEPT)]).toEqual([2, false])
    }
    expect((await set('SHORT_ONE', 'abc')).code).toBe(2)
    expect(await nexus.json<object>('secret', 'remove', 'KEPT_TOKEN')).toMatchObject({ secrets: [] })
    expect(await nexus.json<object>('run', '--secret', 'KEPT_TOKEN', 'true')).toMatchObject({ code: 2, error: { code: 'no-secret', next: 'nexus secret set KEPT_TOKEN; nexus secret list' } })
    expect((await nexus.call('secret', 'remove', 'KEPT_TOKEN')).code).toBe(2)
    expect(holding(KEPT)).toEqual([])
  })
})

describe.each([['root or whoever runs this', undefined, {}], ['a user who is not root', STRANGER, {}], ['the weaker launcher', undefined, { NEXUS_NATIVE: '/nonexistent/nexus-native' }]] as const)('secrets.files for %s', (_who, as, env) => {
  test('mask: empty to read; deny: not to be opened; neither is a change, and the host\'s file is what it was', async ({ skip }) => {
    if (as && process.getuid?.() !== 0) skip('needs root: only root can become another user')
    await using other = new Nexus({ env: { ...env }, ...(as ? { as } : {}) })
    writeFileSync(join(other.project, '.env'), 'KEY=1\n')
    other.own()
    await other.call('daemon', 'start')
    const look = 'cat .env && echo read; cp .env copy; rm -f .env; test -e .env && echo there'
    const said: (readonly [string, boolean, number])[] = []
    for (const files of ['mask', 'deny']) {
      writeFileSync(join(other.base, 'state/config.yaml'), `secrets: { files: ${files} }\n`)
      const run = await other.run('--keep', look)
      if (run.endReason) skip(`needs util-linux that can mount here: ${String(run.stderr)}`)
      said.push([String(run.stdout), String(run.stderr).includes('Permission denied'), run.changes.filter(({ path }) => path === '.env').length])
    }
    expect(said).toEqual([['read\nthere\n', false, 0], ['there\n', true, 0]])
    expect(readFileSync(join(other.project, '.env'), 'utf8')).toBe('KEY=1\n')
    expect((await other.call('settings')).stdout).toContain('not to be opened inside')
  })
})
