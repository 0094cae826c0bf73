/** What visitors of the proxy say, all at once, and what they hear. */
export interface Talk {
  /** Of the sandbox's own lo; the proxy's own where it is absent. */
  port?: number
  /** Pieces; a number waits so many seconds. */
  send: (string | number)[]
  /** Says no more after that. */
  end?: boolean
  /** Enough when this has come. */
  until?: string
}

/** For python3 inside. Arguments: the proxy's port, talks as JSON; prints their answers in the same order. */
export const CLIENT = `
import sys, json, socket, threading, time, hashlib, os
proxy, talks = int(sys.argv[1]), json.loads(sys.argv[2])
answers = [None] * len(talks)
def talk(at, job):
    out = b''
    try:
        s = socket.create_connection((job.get('host', '127.0.0.1'), job.get('port', proxy)), timeout=30)
        for piece in job['send']:
            if isinstance(piece, str): s.sendall(piece.encode('latin1'))
            else: time.sleep(piece)
        if job.get('end'): s.shutdown(socket.SHUT_WR)
        while not (job.get('until') and job['until'].encode('latin1') in out):
            got = s.recv(65536)
            if not got: break
            out += got
    except OSError as error: out += type(error).__name__.encode()
    answers[at] = out.decode('latin1')
threads = [threading.Thread(target=talk, args=pair) for pair in enumerate(talks)]
for one in threads: one.start()
for one in threads: one.join()
print(json.dumps(answers))
`
