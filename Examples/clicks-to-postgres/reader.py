#!/usr/bin/env python3
"""Reads the view `clicks` again and again until it is told to stop (SIGTERM), as a dashboard would.

The connection comes from the PG* variables. Usage: reader.py PSQL READY-FILE

The file is made when the view was first seen. From then on the view must always be there and full: the reader ends with 1, and says why, when
a query fails or finds the view empty. At the end it prints how often it read and the row counts it saw, in order.
"""
import signal
import subprocess
import sys
import time

told_to_stop = False


def stop(_signal, _frame):
    global told_to_stop
    told_to_stop = True


def open_session(psql):
    return subprocess.Popen(
        [psql, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A SIGTERM for the whole group is for the reader to handle; the session ends when its input does.
        preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    )


def main():
    psql, ready_file = sys.argv[1:]
    signal.signal(signal.SIGTERM, stop)
    session = open_session(psql)
    seen, reads = [], 0
    while not told_to_stop:
        session.stdin.write("SELECT count(*) FROM clicks;\n")
        session.stdin.flush()
        answer = session.stdout.readline().strip()
        if not answer:
            session.stdin.close()
            fault = session.stderr.read().strip()
            session.wait()
            if seen or 'relation "clicks" does not exist' not in fault:
                print(f"reader: after {reads} reads: {fault or 'the session ended'}", file=sys.stderr)
                return 1
            session = open_session(psql)
        elif int(answer) == 0:
            print(f"reader: after {reads} reads: the view is empty", file=sys.stderr)
            return 1
        else:
            reads += 1
            if not seen:
                open(ready_file, "w").close()
            if not seen or seen[-1] != int(answer):
                seen.append(int(answer))
        time.sleep(0.005)
    session.stdin.close()
    session.wait()
    print(f"{reads} reads saw {' '.join(str(count) for count in seen)}")
    return 0


sys.exit(main())
