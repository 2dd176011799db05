"""The words that a description may keep under a mask: what was examined and how, in Chinese and English, never who."""

from __future__ import annotations

import re
from typing import Final

_LATIN = """
ct mr mri cr dx dr us xa rf mg nm pt pet mammo mammography ultrasound echo angio angiography cta mra mrv mrcp spect bone
lung brain head skull face orbit orbits sinus sinuses ear neck thyroid chest thorax mediastinum heart cardiac coronary
aorta breast liver spleen pancreas kidney kidneys renal adrenal abdomen abdominal stomach colon rectum bladder prostate
uterus pelvis pelvic hip femur thigh knee leg ankle foot toe shoulder arm humerus elbow forearm wrist hand finger spine
cervical thoracic lumbar sacrum sacral whole body extremity joint soft tissue vessel vessels carotid ax axial sag
sagittal cor coronal tra trans transverse oblique obl lateral lat ap pa cc mlo left right lt rt both bilateral t1 t2 t1w
t2w pd pdw flair stir dwi adc swi gre fse tse se epi tof dixon water fat fs sat fatsat spair spir bold asl dti trace
mprage space ciss fiesta vibe lava haste propeller blade diffusion perfusion dynamic dyn cine delayed delay arterial
venous portal phase plain contrast pre post non enhanced enhancement c with without w wo gd iv oral thin thick slice
slices recon reconstruction mpr mip minip vr vrt cpr 3d 2d std standard sharp smooth kernel window hr hrct localizer
scout topogram survey scanogram series study scan routine low dose screening protocol erect supine prone flexion
extension stress rest inspiration expiration weight bearing dce pelvicfloor siemens ge medical systems philips toshiba
canon hitachi fujifilm fuji united imaging healthineers mindray samsung neusoft carestream agfa hologic esaote shimadzu
kodak konica minolta and of the in on for
"""

_CHINESE = """
头颅 头部 脑 脑部 颅脑 眼眶 鼻窦 鼻旁窦 耳 颞骨 颌面 颈部 颈 甲状腺 胸部 胸 肺 肺部 纵隔 心脏 冠脉 冠状动脉 主动脉 乳腺
腹部 腹 上腹部 上腹 下腹部 肝 肝脏 肝胆 胆囊 胆道 胰腺 胰 脾 肾 双肾 肾上腺 胃 小肠 结肠 直肠 膀胱 前列腺 子宫 附件 盆腔
盆骨 骨盆 髋 髋关节 股骨 膝 膝关节 小腿 踝 踝关节 足 趾 肩 肩关节 肱骨 肘 肘关节 前臂 腕 腕关节 手 手指 脊柱 颈椎 胸椎
腰椎 骶椎 骶尾椎 骶髂关节 全身 全脊柱 四肢 上肢 下肢 血管 颈动脉 左 右 双侧 左侧 右侧 双 轴位 横断 横断位 矢状 矢状位
冠状 冠状位 正位 侧位 斜位 正侧位 过伸 过屈 定位 定位像 平扫 增强 延迟 动脉期 静脉期 门脉期 平衡期 动态 灌注 扩散 弥散
薄层 厚层 重建 骨窗 肺窗 纵隔窗 软组织窗 软组织 骨 三维 螺旋 高分辨 低剂量 常规 筛查 检查 扫描 成像 摄影 超声 彩超 造影
透视 磁共振 血管成像 水成像 钼靶 期 加
"""

LATIN: Final = frozenset(_LATIN.split())
CHINESE: Final = frozenset(_CHINESE.split())
_LONGEST: Final = max(map(len, CHINESE))
_MEASURE: Final = re.compile(
    r"\d{1,3}(?:\.\d{1,2})?(?:mm|cm|s|ms|kv|sec|min|deg)?$"
)  # 1.25mm; four digits may be a year, more a number of a person
_PIECES: Final = re.compile(r"[A-Za-z]+\d{0,2}[A-Za-z]*|\d+(?:\.\d+)?[A-Za-z]*|[\u4e00-\u9fff]+")


def known_words(text: str) -> str:
    """`text` with only its listed words and small numbers, one blank between any two; may be empty."""
    return " ".join(word for piece in _PIECES.findall(text) for word in _kept(piece))


def _kept(piece: str) -> list[str]:
    if not piece.isascii():
        return _chinese(piece)
    known = piece.lower() in LATIN or _MEASURE.match(piece.lower())
    return [piece] if known else []


def _chinese(piece: str) -> list[str]:
    """The listed words in a run of Chinese, the longest first at each place; what lies between them is dropped."""
    found, start = [], 0
    while start < len(piece):
        ends = range(min(len(piece), start + _LONGEST), start, -1)
        word = next((piece[start:end] for end in ends if piece[start:end] in CHINESE), "")
        if word:
            found.append(word)
        start += len(word) or 1
    return ["".join(found)] if found else []
