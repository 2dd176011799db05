"""Chinese surnames and how they are spelled in pinyin: to know a name where it stands in a text, in either writing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

# spelling, and all surnames of one character that are spelled so
_OF_ONE = """
an 安; ao 敖; ba 巴; bai 柏白百; ban 班; bao 保包暴鮑鲍; bei 贝; bi 毕畢碧; bian 卞边; bu 卜布步; cai 菜蔡采;
cao 操曹; cen 岑; ceng 曾; cha 查; chai 柴; chang 常昌畅; che 车; chen 谌陈陳; cheng 城成承程; chi 池赤迟; chong 种;
chu 储初楚褚; cong 丛从; cui 崔翠; da 笪达; dai 代岱戴; dan 但单; deng 登邓鄧; di 狄翟邸; diao 刁; ding 丁定;
dong 东冬董; dou 窦豆; du 堵杜督都; duan 段端; fan 凡樊範范; fang 房方芳; fei 费; feng 丰冯凤封酆馮;
fu 付伏傅富扶浮福符; gai 盖; gan 干甘; gao 郜高; ge 哥戈盖葛; gen 根; geng 耿; gong 公宫巩弓贡龔龚; gou 勾缑苟;
gu 古谷辜顧顾; guan 关官管關; gui 归桂; guo 国過郭; ha 哈; hai 海; han 寒韓韩; hang 杭; hao 好郝; he 何和賀贺赫;
heng 恒衡; hong 宏弘洪红; hou 侯厚后; hu 户扈胡; hua 化华滑花華; huan 宦桓; huang 皇黃黄; hui 回惠; huo 霍;
ji 冀吉姬季嵇汲籍纪蓟计; jia 家甲賈贾; jiang 姜江蒋蔣降; jiao 焦矫; jie 揭节; jin 晋进金锦靳; jing 井敬景经荆靖;
ju 句居巨鞠; jun 俊; kan 阚; kang 亢康; ke 可柯科; kong 孔空; kou 寇; kuai 蒯; kuang 况匡邝; lai 来賴赖;
lan 兰栾蓝藍蘭; lang 郎; lao 劳; le 乐; lei 雷類; leng 冷; li 利厉李黎; lian 廉连; liang 梁良; liao 廖; lin 廪林蔺;
ling 令凌灵; liu 刘劉柳; long 隆龍龙; lou 娄楼; lu 卢盧禄芦路陆陸鲁; luan 栾; luo 洛罗羅骆; lv 吕呂律闾; ma 馬马麻;
man 满; mao 毛茅; mei 枚梅; men 门; meng 孟蒙; mi 宓米糜; miao 缪苗; min 闵; ming 明鸣; mo 墨莫; mu 慕木母牟穆;
na 那; nan 南; ni 倪兒; nie 聂聶; ning 宁甯; niu 牛纽钮; nong 农; ou 区欧歐; pan 攀潘盘; pang 庞逄龐; pei 沛裴;
peng 彭蓬; piao 朴; ping 平; pu 普浦濮蒲; qi 亓启戚漆祁齊齐; qian 千錢钱; qiao 乔喬桥; qin 勤琴秦覃; qiu 丘仇秋裘邱;
qu 屈曲渠瞿; quan 全权; que 阙; ran 冉; rao 饶; ren 仁任壬; rong 容戎荣融; ruan 阮; rui 芮; run 闰; sa 萨; sai 赛;
sang 桑; sha 沙; shan 单山; shang 商尚; shao 召少邵; she 佘舍; shen 慎沈申神; sheng 生盛; shi 世侍史士师師施时時石;
shou 寿; shu 叔束舒; shui 水; si 司思斯; song 宋宗松; su 宿粟素苏蘇; sui 隋随; sun 孙孫; tai 台邰; tan 檀覃譚谈谭;
tang 唐堂汤湯; tao 桃陶; teng 滕腾; tian 天恬田; tie 铁; tong 佟同童通; tu 图塗屠涂; wan 万宛萬; wang 汪王;
wei 卫危蔚衛隗韋韦魏; wen 問文温闻; weng 翁; wo 沃; wu 乌伍吳吴巫武毋邬; xi 习奚席西郗; xia 侠夏; xian 冼咸鲜;
xiang 向相项; xiao 筱肖萧蕭; xie 解謝谐谢; xin 信忻新辛; xing 兴幸邢; xiong 熊; xu 徐胥許许须; xuan 宣禤;
xue 学薛雪; xun 寻荀; yan 严嚴延晏燕言鄢閆闫阎顏颜; yang 仰杨楊羊阳; yao 姚药要饶; ye 业叶葉; yi 仪伊易益衣;
yin 印尹殷银阴; ying 应英; yong 勇雍; you 尤有游由; yu 于余俞喻尉庾於禹虞郁鱼; yuan 元原苑袁远; yue 乐岳越;
yun 云员恽; zai 宰; zan 昝; zang 臧; zeng 曾; zha 查; zhai 翟; zhan 占展湛詹; zhang 张張章; zhao 赵趙; zhe 哲;
zhen 甄真; zheng 政郑鄭; zhi 支智; zhong 仲忠鍾鐘钟; zhou 周舟; zhu 主朱祝竺诸; zhuang 庄莊; zhuo 卓; zi 訾;
zou 邹鄒; zuo 佐左
"""
# the same of two characters, one after another
_OF_TWO = """
dongfang 东方東方; duanmu 端木; gongsun 公孙公孫; helian 赫连; huangfu 皇甫; linghu 令狐; murong 慕容;
nangong 南宫南宮; ouyang 欧阳歐陽; shangguan 上官; sikong 司空; sima 司马司馬; situ 司徒; tuoba 拓跋; xiahou 夏侯;
xuanyuan 轩辕; yuchi 尉迟; yuwen 宇文; zhangsun 长孙長孫; zhongli 钟离; zhuge 诸葛諸葛
"""


def _pairs(table: str, characters: int) -> Iterator[tuple[str, str]]:
    for line in table.split(";"):
        spelling, written = line.split()
        yield from ((written[at : at + characters], spelling) for at in range(0, len(written), characters))


def _spellings() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for surname, spelling in (*_pairs(_OF_ONE, 1), *_pairs(_OF_TWO, 2)):
        found[surname] = (*found.get(surname, ()), *(("lv", "lyu", "lu") if spelling == "lv" else (spelling,)))
    return found


PINYIN: Final[Mapping[str, tuple[str, ...]]] = _spellings()  # surname → its spellings
SURNAMES: Final = frozenset(surname for surname in PINYIN if len(surname) == 1)
