/** A disk of a few megabytes at a folder, seen only by those who enter its mount namespace; it goes with its holder. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'

const isRoot = process.getuid?.() === 0

export class SmallDisk implements Disposable {
  readonly #holder: ChildProcess
  readonly #folder: string

  private constructor(holder: ChildProcess, folder: string) {
    this.#holder = holder
    this.#folder = folder
  }

  /** Null where this user may not mount. */
  static async at(folder: string, megabytes: number): Promise<SmallDisk | null> {
    const hold = `mount -t tmpfs -o size=${megabytes}m,mode=0700 none "$1" && echo mounted && exec sleep 600`
    const holder = spawn('unshare', [...(isRoot ? ['-m'] : ['-U', '-r', '-m']), 'sh', '-c', hold, 'sh', folder], { stdio: ['ignore', 'pipe', 'ignore'] })
    const isMounted = await new Promise<boolean>((resolve) => {
      holder.stdout?.once('data', () => resolve(true))
      holder.once('error', () => resolve(false)).once('exit', () => resolve(false))
    })
    return isMounted ? new SmallDisk(holder, folder) : null
  }

  /** Words that run what follows them on this disk, in `cwd`. */
  through(cwd: string): string[] {
    const enter = ['nsenter', '-t', String(this.#holder.pid), ...(isRoot ? ['-m'] : ['-U', '--preserve-credentials', '-m'])]
    return [...enter, 'sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', cwd]
  }

  /** Takes all that is free, to the last page. */
  fill(): void {
    this.shell('n=0; while [ -e "filler.$n" ]; do n=$((n+1)); done; cat /dev/zero >"filler.$n" 2>/dev/null; true')
  }

  empty(): void {
    this.shell('rm -f filler.*')
  }

  names(): string[] {
    return this.shell('ls -A').trim().split('\n')
  }

  [Symbol.dispose](): void {
    this.#holder.kill('SIGKILL')
  }

  /** A line of sh in the disk's folder. */
  shell(line: string): string {
    const [program = '', ...words] = this.through(this.#folder)
    const done = spawnSync(program, [...words, 'sh', '-c', line], { encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`on the small disk: ${done.stderr}`)
    return done.stdout
  }
}
