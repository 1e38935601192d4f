"""pydicom's side: the files named on a line of standard input to HU, by the fastest way that it documents.

Both sides read what an import needs of a slice: whose it is, where it lies, and its HU. One process; the benchmark starts
one a core and deals the files out. dcmread without pixels and then pixel_array(path) was measured at 1.7 times the speed of
dcmread and Dataset.pixel_array; for JPEG lossless, gdcm is its fastest plug-in. The arithmetic stays in 16-bit integers
where it can, which is twice as fast as apply_rescale.
"""

import hashlib
import json
import sys

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.pixels import pixel_array

PLACE = (
    "PatientID StudyInstanceUID SeriesInstanceUID SOPInstanceUID Modality ImageType Manufacturer ConvolutionKernel "
    "PatientPosition ImagePositionPatient ImageOrientationPatient PixelSpacing SliceThickness"
).split()


def decode(path, plugin):
    header = dcmread(path, stop_before_pixels=True)
    for name in PLACE:
        header.get(name)
    dataset = Dataset()
    stored = pixel_array(path, ds_out=dataset, decoding_plugin=plugin)
    slope, intercept = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
    if slope == 1 and intercept.is_integer():
        hu = stored.astype(np.int16)
        hu += np.int16(intercept)
    else:
        hu = np.floor(stored * slope + (intercept + 0.5))
    outside = hu < -1200
    if "PixelPaddingValue" in dataset:
        outside |= stored == dataset.PixelPaddingValue
    np.clip(hu, -1024, 3071, out=hu)
    hu[outside] = -1000
    return hu.astype(np.int16, copy=False)


for line in sys.stdin:
    request = json.loads(line)
    digests = []
    for path in request["files"]:
        hu = decode(path, request["plugin"])
        if request["check"]:
            digests.append(hashlib.sha256(hu.tobytes()).hexdigest())
    print(json.dumps(digests), flush=True)
