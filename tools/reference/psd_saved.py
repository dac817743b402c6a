"""Whether a Photoshop document that was saved with new layers still holds everything it held, as psd-tools reads it.

python psd_saved.py BEFORE AFTER [BEFORE AFTER ...]     needs psd-tools (made with 1.26)

Every layer and group of BEFORE must be in AFTER in the same order, with equal records (name, bounds, blend mode, opacity, flags,
masks, every tagged block) and equal channel bytes; image resources, palette, global mask and document blocks must be equal. What AFTER
has besides is printed, with its mask and its XMP. A flat document gains its composite as "Background". Ends with 1 when something differs.
"""
import io
import sys

from psd_tools import PSDImage
from psd_tools.constants import Tag


def written(element):
    out = io.BytesIO()
    element.write(out)
    return out.getvalue()


def rows(psd):
    """Records with their channel data, bottom first: as comparable bytes, and the record itself."""
    found = []
    for record, channels in psd._record._iter_layers():
        extra = written(record.blending_ranges) + (written(record.mask_data) if record.mask_data else b"-")
        blocks = [(key, written(block)) for key, block in record.tagged_blocks.items()]
        head = (record.name, record.top, record.left, record.bottom, record.right, record.blend_mode, record.opacity,
                record.clipping, written(record.flags), extra, tuple(blocks), tuple(c.id for c in record.channel_info))
        found.append((head, tuple((c.compression, c.data) for c in channels), record))
    return found


def document_parts(psd):
    blocks = psd._record.layer_and_mask_information.tagged_blocks or {}
    mask = psd._record.layer_and_mask_information.global_layer_mask_info
    header = psd._record.header
    return {
        "header": (header.version, header.channels, header.height, header.width, header.depth, header.color_mode),
        "colour data": psd._record.color_mode_data.value,
        "resources": [(int(key), written(item)) for key, item in psd.image_resources.items()],
        "global mask": written(mask) if mask and mask.overlay_color is not None else b"",
        "blocks": [(key, written(block)) for key, block in blocks.items() if key not in (Tag.LAYER_16, Tag.LAYER_32, Tag.LAYER)],
    }


def layer_xmp(layer):
    for item in layer.tagged_blocks.get_data(Tag.METADATA_SETTING) or []:
        if item.key == b"cust" and b"layerXMP" in item.data:
            return item.data[b"layerXMP"].value
    return ""


def compare(before_path, after_path):
    before, after = PSDImage.open(before_path), PSDImage.open(after_path)
    problems = [name for (name, old), new in zip(document_parts(before).items(), document_parts(after).values()) if old != new]
    old, new = rows(before), rows(after)
    added, at = [], 0
    for head, data, record in new:
        if at < len(old) and (head, data) == old[at][:2]:
            at += 1
        else:
            added.append(record)
    if at != len(old):
        problems.append(f"layer {old[at][2].name!r} is not what it was")
    for layer in after.descendants():
        if layer._record in added:
            mask = layer.mask.bbox if layer.mask else None
            layer.numpy()
            print(f"  added {layer.kind} {layer.name!r} {layer.bbox} mask {mask} XMP of {len(layer_xmp(layer))} characters")
    after.numpy()
    print(f"{after_path}: {len(old)} records kept, {len(added)} added" + (f", DIFFERS: {problems}" if problems else ""))
    return not problems and len(added) > 0


if __name__ == "__main__":
    pairs = list(zip(sys.argv[1::2], sys.argv[2::2]))
    if not pairs:
        sys.exit(__doc__)
    sys.exit(0 if all([compare(*pair) for pair in pairs]) else 1)
