// A disk like most people's for the benchmarks. An ext4 without a journal, as some virtual machines have it, looks past
// every inode that was freed in the last five minutes before it makes a new one (`recently_deleted` in fs/ext4/ialloc.c):
// there the benchmarks would measure what earlier ones deleted. So root measures on a journalled image instead.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const IMAGE_BYTES = 12 * 1024 ** 3 // sparse: only what is written takes room
const MOUNT = 'mount -o loop "$1" "$2" && shift 2 && exec "$@"'

/** Words to put before a program so that it works on such a disk, and the TMPDIR to give it; none where none is needed. */
export function journalledDisk() {
  const none = { words: [], env: {}, release: () => {} }
  if (!needsOne()) return none
  if (process.getuid() !== 0) return console.log('note: this ext4 has no journal, so figures get worse with what was deleted before; root measures on an image'), none
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-disk-'))
  const release = () => rmSync(folder, { recursive: true, force: true })
  const [image, place] = [join(folder, 'image'), join(folder, 'disk')]
  writeFileSync(image, '')
  truncateSync(image, IMAGE_BYTES)
  mkdirSync(place)
  const made = spawnSync('mkfs.ext4', ['-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image])
  const words = ['unshare', '-m', 'sh', '-c', MOUNT, 'sh', image, place]
  if (made.status !== 0 || spawnSync(words[0], [...words.slice(1), 'true']).status !== 0) {
    release()
    return console.log('note: this ext4 has no journal, and no image could be mounted: figures get worse with what was deleted before'), none
  }
  console.log('measured on a journalled ext4 image: the file system here has no journal')
  return { words, env: { TMPDIR: place }, release }
}

function needsOne() {
  const lines = readFileSync('/proc/self/mounts', 'utf8').trimEnd().split('\n').map((line) => line.split(' '))
  const mounts = lines.filter(([, at]) => at === '/' || `${tmpdir()}/`.startsWith(`${at}/`))
  const [device = '', , type] = mounts.sort((one, other) => other[1].length - one[1].length)[0] ?? []
  const name = device.replace('/dev/', '')
  return type === 'ext4' && names('/proc/fs/ext4').includes(name) && !names('/proc/fs/jbd2').some((entry) => entry.startsWith(`${name}-`))
}

function names(folder) {
  try {
    return readdirSync(folder)
  } catch {
    return [] // no journal of that kind on this machine
  }
}
