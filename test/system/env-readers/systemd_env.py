"""Prints as JSON what systemd's EnvironmentFile= reads from a file.

systemd itself has to be PID 1, but its parser is a function of the library that its programs share.
"""

import ctypes
import glob
import json
import sys

folders = ("/usr/lib/*/systemd", "/usr/lib/systemd")
libraries = sorted(path for folder in folders for path in glob.glob(f"{folder}/libsystemd-shared-*.so"))
if not libraries:
    sys.exit("libsystemd-shared is not installed")
systemd = ctypes.CDLL(libraries[-1])
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p

path = sys.argv[1].encode()
stream = libc.fopen(path, b"r")
variables = ctypes.POINTER(ctypes.c_char_p)()
code = systemd.load_env_file(ctypes.c_void_p(stream), path, ctypes.byref(variables))
if code < 0:
    sys.exit(f"load_env_file: error {-code}")

result = {}
index = 0
while variables and variables[index]:
    name, _, value = variables[index].decode().partition("=")
    result[name] = value
    index += 1
print(json.dumps(result))
