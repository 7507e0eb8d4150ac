#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""grey + blur with OpenCV, one file: opencv_peer.py IN OUT"""
import sys

import cv2

image = cv2.imread(sys.argv[1], cv2.IMREAD_COLOR)
if image is None:
    sys.exit(f"{sys.argv[1]}: OpenCV cannot read it")
blurred = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (0, 0), 3)
if not cv2.imwrite(sys.argv[2], blurred, [cv2.IMWRITE_JPEG_QUALITY, 75]):
    sys.exit(f"{sys.argv[2]}: cannot be written")
