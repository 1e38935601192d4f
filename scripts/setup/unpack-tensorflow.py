"""Takes the C library and its headers out of TensorFlow's wheel: unpack-tensorflow.py WHEELS TARGET.

Wheels of NVIDIA beside it give their libraries, in the folders nvidia/*/lib. TensorFlow's library looks for them there: beside
its own folder, as in site-packages."""
import os
import shutil
import sys
import zipfile

wheels, target = sys.argv[1:]
(wheel,) = [name for name in os.listdir(wheels) if name.startswith("tensorflow")]
headers = tuple(f"tensorflow/include/{part}/" for part in ("tensorflow/c", "tensorflow/core/platform", "tsl", "xla"))
libraries = {
    "tensorflow/libtensorflow_cc.so.2": ("libtensorflow_cc.so.2", "libtensorflow.so"),
    "tensorflow/libtensorflow_framework.so.2": ("libtensorflow_framework.so.2", "libtensorflow_framework.so"),
}
os.makedirs(os.path.join(target, "lib"))
with zipfile.ZipFile(os.path.join(wheels, wheel)) as archive:
    for name in archive.namelist():
        if name in libraries:
            file, link = libraries[name]
            with archive.open(name) as source, open(os.path.join(target, "lib", file), "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
            os.symlink(file, os.path.join(target, "lib", link))
        elif name.startswith(headers) and not name.endswith("/"):
            path = os.path.join(target, name.removeprefix("tensorflow/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(name) as source, open(path, "wb") as copy:
                shutil.copyfileobj(source, copy)
for cuda in sorted(set(os.listdir(wheels)) - {wheel}):
    with zipfile.ZipFile(os.path.join(wheels, cuda)) as archive:
        for name in archive.namelist():
            parts = name.split("/")
            if len(parts) != 4 or parts[0] != "nvidia" or parts[2] != "lib" or ".so" not in parts[3] or ".." in parts:
                continue
            path = os.path.join(target, *parts)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(name) as source, open(path, "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
