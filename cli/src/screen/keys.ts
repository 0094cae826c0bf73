/** Raw keystrokes for as long as `work` takes; afterwards terminal and stdin are free for Ink, a child, or nobody. */
export async function withKeys<Result>(onKeys: (keys: Buffer) => void, work: () => Promise<Result>): Promise<Result> {
  const { stdin } = process
  // Text, not bytes, when Ink was here before: it has set an encoding, paused stdin and let go of it.
  const listen = (keys: Buffer | string) => onKeys(typeof keys === 'string' ? Buffer.from(keys) : keys)
  stdin.ref().setRawMode(true).on('data', listen).resume()
  try {
    return await work()
  } finally {
    stdin.off('data', listen).pause().setRawMode(false).unref()
    // Node stops reading one tick after `pause`; whoever begins to read before that would be stopped with it.
    await new Promise(setImmediate)
  }
}
