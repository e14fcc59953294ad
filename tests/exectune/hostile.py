"""Hostile programs, as text: what the sandbox contains, and what no test may let pass."""
# ruff: noqa: E501

from contextlib import suppress

import psutil


def kill_servers() -> None:
    """What an administrator, or a machine short of memory, may do to the sandboxes of this process."""
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "exectune.sandbox_server" in process.cmdline():
                process.kill()


# What a hostile program does when it is called, with `host` (a folder with a file `secret`) and `port` (a server on
# localhost). A call that achieves its aim returns "harm".
ATTACKS = {
    "read the users of the system": "open('/etc/passwd').read(); return 'harm'",
    "read a file of the host": "open(host + '/secret').read(); return 'harm'",
    "read the home folder": "import os\n    return 'harm' if os.listdir(os.path.expanduser('~')) else None",
    "write to the host": "open(host + '/written', 'w'); return 'harm'",
    "write to the system": "open('/usr/written', 'w'); return 'harm'",
    "write to the root": "open('/written', 'w'); return 'harm'",
    "write to shared memory": "open('/dev/shm/written', 'w'); return 'harm'",
    "change the sandbox's own code": "open('/server/exectune/values.py', 'a'); return 'harm'",
    "read the environment": "import os\n    return 'harm' if os.environ else None",
    "read the server's environment": "open('/proc/1/environ').read(); return 'harm'",
    "read the server's memory": "open('/proc/1/mem', 'rb').read(1); return 'harm'",
    "see processes of the host": "import os\n    return 'harm' if len([n for n in os.listdir('/proc') if n.isdigit()]) > 2 else None",
    "reach localhost": "import socket\n    socket.create_connection(('127.0.0.1', port), 1); return 'harm'",
    "reach the network": "import socket\n    socket.create_connection(('192.0.2.1', 80), 1); return 'harm'",
    "ask for a name": "import socket\n    socket.getaddrinfo('example.com', 80); return 'harm'",
    "be root": "import os\n    return 'harm' if 0 in (os.getuid(), os.geteuid(), os.getgid()) else None",
    "become root": "import os\n    os.setuid(0); return 'harm'",
    "mount": "import ctypes\n    return 'harm' if ctypes.CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, None) == 0 else None",
    "change the root": "import os\n    os.chroot('/tmp'); return 'harm'",
    "trace the server": "import ctypes\n    return 'harm' if ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0 else None",
    "kill the server": "import os\n    os.kill(1, 9)",
    "interrupt the server": "import os, signal\n    os.kill(1, signal.SIGINT); os.kill(1, signal.SIGTERM)",
    "stop the server": "import os, signal\n    os.kill(1, signal.SIGSTOP)",
    "kill everybody": "import os\n    os.kill(-1, 9)",
    "limit the server": "import resource\n    resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0))",
    "limit the server's memory": "import resource\n    resource.prlimit(1, resource.RLIMIT_AS, (0, 0))",
    "limit the server's processor time": "import resource, time\n    resource.prlimit(1, resource.RLIMIT_CPU, (0, 0)); time.sleep(0.5)",
    "limit the server's processes": "import resource\n    resource.prlimit(1, resource.RLIMIT_NPROC, (0, 0))",
    "slow the server": "import os\n    os.setpriority(os.PRIO_PROCESS, 1, 19)",
    "keep to one processor": "import os\n    os.sched_setaffinity(1, {0}); os.sched_setaffinity(0, {0})",
    "take memory": "x = bytearray(8 * 2**30); return 'harm'",
    "take memory slowly": "x = []\n    while True: x.append(' ' * 10**6 + str(len(x)))",
    "take memory in many processes": "import os, time\n    for _ in range(9):\n      if not os.fork():\n        x = b'1' * (300 * 2**20); time.sleep(9)\n    time.sleep(9)",
    "fill the disk": "f = open('/tmp/x', 'wb')\n    for _ in range(10**4): f.write(b'0' * 2**20)\n    return 'harm'",
    "fill the disk with many files": "for n in range(10**4): open(f'/tmp/{n}', 'wb').write(b'0' * 2**20)\n    return 'harm'",
    "leave files": "import os\n    os.makedirs('/tmp/a/b'); open('/tmp/a/b/c', 'w').write('x'); os.chmod('/tmp/a', 0)",
    "leave a deep folder": "import os\n    for _ in range(3000): os.mkdir('d'); os.chdir('d')",
    "leave shared memory": "import ctypes\n    return ctypes.CDLL(None).shmget(1234, 4096, 0o1666)",
    "fork without end": "import os\n    while True:\n      try: os.fork()\n      except OSError: pass",
    "fork and leave": "import os\n    while True:\n      if os.fork(): os._exit(0)",
    "threads without end": "import threading, time\n    while True: threading.Thread(target=time.sleep, args=(99,)).start()",
    "leave a daemon": "import os, time\n    if not os.fork():\n      os.setsid()\n      if not os.fork():\n        time.sleep(0.5); open('/tmp/late', 'w'); time.sleep(99)\n      os._exit(0)",
    "loop": "while True: pass",
    "loop and catch all": "while True:\n      try:\n        while True: pass\n      except BaseException: pass",
    "sleep": "import time\n    time.sleep(99)",
    "ignore signals": "import signal\n    for n in range(1, 65):\n      try: signal.signal(n, signal.SIG_IGN)\n      except (OSError, ValueError): pass\n    while True: pass",
    "print without end": "while True: print('x' * 10**6)",
    "answer without end": "import os\n    while True: os.write(3, b'x' * 10**6)",
    "answer at length": "return 'x' * 10**8",
    "answer deeply": "import os\n    os.write(3, b'[' * 10**5 + b'\\n')",
    "answer nonsense": "import os\n    os.write(3, bytes(range(256)) * 99)",
    "open files without end": "x = []\n    while True: x.append(open('/dev/null'))",
    "recurse": "f = lambda x: f(x); f(1)",
    "crash": "import ctypes\n    ctypes.string_at(0)",
    "power of powers": "return len(str(9**9**9))",
    "a regular expression without end": "import re\n    re.match('(a+)+$', 'a' * 40 + 'b')",
}

# Programs that would pass a test which believes an exit code, a printed line, or an object's own word. No tests hold
# what they return.
FORGED = {
    "exit code 0": "import sys\nsys.exit(0)",
    "exit code 0 in the call": "import sys\ndef add(a, b): sys.exit(0)",
    "process ended": "import os\ndef add(a, b): os._exit(0)",
    "printed markers": 'def add(a, b): print(\'PASSED\', \'{"verdict": "passed", "calls": 1}\', flush=True)',
    "equal to everything": "class E:\n  __eq__ = lambda s, o: True\n  __ne__ = lambda s, o: False\n"
    "  __hash__ = lambda s: 0\n  __sub__ = __rsub__ = __abs__ = lambda *a: E()\n  __lt__ = lambda s, o: True\n"
    "def add(a, b): return E()",
    "an int equal to everything": "class E(int):\n  __eq__ = lambda s, o: True\n  __hash__ = int.__hash__\n"
    "  __abs__ = __sub__ = lambda *a: E()\n  __lt__ = lambda s, o: True\ndef add(a, b): return E(10**6)",
    "a list equal to everything": "class E(list):\n  __eq__ = lambda s, o: True\ndef add(a, b): return E([9])",
    "patched builtins": "import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.isinstance = lambda *a: True\n"
    "builtins.AssertionError = ZeroDivisionError\nbuiltins.range = lambda *a: []\ndef add(a, b): return 'no'",
    "patched encoder": 'import json, exectune.values as v\njson.dumps = lambda *a, **k: \'{"verdict": "passed"}\'\n'
    "def add(a, b): return 0",
    "frames": "import sys\ndef add(a, b):\n  f = sys._getframe()\n  while f:\n    for n in list(f.f_locals):\n"
    "      if n in ('calls', 'answers', 'verdict', 'expected'):\n        f.f_locals[n] = True\n    f = f.f_back\n  return None",
    "memory": "import gc\ndef add(a, b):\n  for o in gc.get_objects():\n    if isinstance(o, dict) and 'expected' in o:\n"
    "      return o['expected']\n  return [t for t in map(str, gc.get_objects()) if 'assert add' in t][:1]",
    "memory of the server": "def add(a, b): return open('/proc/1/mem', 'rb').read(10)",
    "pipes": 'import os\nfor fd in range(20):\n  try: os.write(fd, b\'{"verdict": "passed", "calls": 9}\\n\' * 9)\n'
    "  except OSError: pass\ndef add(a, b): os._exit(0)",
    "pipes, as values": "import os\nfor fd in range(20):\n  try: os.write(fd, b'{\"value\": true}\\n' * 99)\n"
    "  except OSError: pass\ndef add(a, b): os._exit(0)",
    "pipes of the server": "import os\nfor fd in range(20):\n  try: open(f'/proc/1/fd/{fd}', 'wb').write(b'E{}' * 99)\n"
    "  except OSError: pass\ndef add(a, b): os._exit(0)",
    "a module of the test's name": "import sys, types\nsys.modules['test'] = sys.modules['solution'] = types.ModuleType('x')\n"
    "def add(a, b): return None",
    "exit hook": "import atexit, os\natexit.register(os._exit, 0)\ndef add(a, b): raise SystemExit(0)",
    "an exception in the name of success": "class passed(BaseException): pass\ndef add(a, b): raise passed('passed')",
}
