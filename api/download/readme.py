"""说明.txt: what lies in a download, and how it is opened."""

from __future__ import annotations

from collections.abc import Sequence

from api.download.parts import Download, Part
from api.pages.landing_page import day_and_time

README = "说明.txt"
REPORT = "检查报告.pdf"
_KIB, _MIB, _GIB = 2**10, 2**20, 2**30


def readme(download: Download, parts: Sequence[Part], *, whole: bool) -> str:
    """Lines end as Windows wants them: its editor of old shows one line otherwise."""
    hospital = download.found.hospital
    lines = [*_heading(download), *(_papers(download) if whole else ()), *_images(parts)]
    if whole and not parts and not download.left_out:
        lines.append("· 这次检查没有可以下载的原始影像。")
    if download.left_out:
        lines += ["", download.left_out]
    lines += ["", "里面有患者的姓名和检查信息，请妥善保管，不要留在公用电脑上。"]
    if hospital.help_phone:
        lines.append(f"需要帮助，请致电医院：{hospital.help_phone}")
    return "\r\n".join([*lines, ""])


def size_words(size: int) -> str:
    """219 KB, 1.5 MB."""
    for unit, name in ((_GIB, "GB"), (_MIB, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{max(1, round(size / _KIB))} KB"


def _heading(download: Download) -> list[str]:
    exam, hospital = download.found.exam, download.found.hospital
    return [
        "检查影像下载说明",
        "",
        f"检查项目：{exam.item}",
        f"检查医院：{hospital.name}",
        f"检查时间：{day_and_time(exam.performed_at, hospital.zone)}",
        "",
        "这里面有：",
    ]


def _papers(download: Download) -> list[str]:
    papers = [f"· {REPORT}：检查报告，双击即可打开。"] if download.report is not None else []
    if download.films:
        papers.append(f"· “胶片”文件夹：胶片图片，共 {len(download.films)} 页，双击即可打开。")
    return papers


def _images(parts: Sequence[Part]) -> list[str]:
    if not parts:
        return []
    images, size = sum(len(part.instances) for part in parts), sum(part.size for part in parts)
    return [
        f"· “DICOM”文件夹：医院设备生成的原始影像，共 {images} 个文件（{size_words(size)}），与医院保存的完全一致。",
        "· DICOMDIR：原始影像的目录，供看片软件使用，请不要改名或单独移动。",
        "",
        "怎样打开原始影像：",
        "1. 先把压缩包全部解压到一个文件夹。",
        "2. 原始影像要用 DICOM 看片软件打开，例如 Weasis（Windows、Mac、Linux，免费）。普通看图软件打不开。",
        "3. 在看片软件里选择“打开文件夹”，选中解压后的文件夹；也可以打开其中的 DICOMDIR。",
        "4. 带给医生时，请拷贝整个文件夹，医院的看片软件可以直接读取。",
        "",
        "影像序列：",
        *(_series_line(part) for part in parts),
    ]


def _series_line(part: Part) -> str:
    name = " ".join(filter(None, (part.row.modality, part.row.series_description))) or "未命名序列"
    return f"{part.number}. {name}：{len(part.instances)} 个文件，{size_words(part.size)}，在 DICOM/SE{part.number:06}"
