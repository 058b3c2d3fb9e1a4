"""layout.py - the kernel's structures as Python objects, by the offsets in the debug info.

A View is a structure at an address: view.field is a number, another View, a list or a string, and
view.to("field") is the View that a pointer field leads to. A structure of one number (atomic_t,
pte_t) is that number.

Holds:  nothing here knows an offset or a size; a field that is not in the debug info is an
        AttributeError. Constants that are macros come from constants.c.
Read:   kernel.py for what is made of it."""
import gdb

from target import target

SCALARS = (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_ENUM, gdb.TYPE_CODE_BOOL, gdb.TYPE_CODE_CHAR)
CONST_PREFIX = "AV_"
layouts, variables, constants, enums = {}, {}, {}, {}


def forget(*_):
    """Other symbols were loaded: look everything up again."""
    layouts.clear()
    variables.clear()
    constants.clear()
    enums.clear()


class Field:
    """Where a member is, and how its bytes are read."""
    __slots__ = ("offset", "size", "kind", "signed", "type", "count", "element", "bits", "shift")

    def __init__(self, type_, offset, bitpos=0, bitsize=0):
        real = type_.strip_typedefs()
        self.offset, self.type, self.size = offset, real, real.sizeof
        self.bits, self.shift = bitsize, bitpos % 8
        self.signed = real.code == gdb.TYPE_CODE_INT and real.is_signed
        if real.code in SCALARS:
            self.kind = "number"
        elif real.code == gdb.TYPE_CODE_PTR:
            self.kind = "pointer"
        elif real.code == gdb.TYPE_CODE_ARRAY:
            self.kind = "array"
            self.element = Field(real.target(), 0)
            self.count = self.size // self.element.size if self.element.size else 0
            char = real.target().strip_typedefs()
            if char.sizeof == 1 and char.name == "char":
                self.kind = "string"
        else:
            self.kind = "struct"
            fields = real.fields()
            if len(fields) == 1 and fields[0].type.strip_typedefs().code in SCALARS:
                self.kind = "number"
                self.signed = Field(fields[0].type, 0).signed

    def get(self, base):
        at = base + self.offset
        if self.kind == "struct":
            return View(at, layout_of(self.type))
        if self.kind == "array":
            return [self.element.get(at + i * self.element.size) for i in range(self.count)]
        data = target.read(at, self.size)
        if self.kind == "string":
            return data.split(b"\0")[0].decode("utf-8", "replace")
        value = int.from_bytes(data, "little", signed=self.signed)
        return value >> self.shift & (1 << self.bits) - 1 if self.bits else value


class Layout:
    """The members of one structure type, those of unnamed members among them."""
    __slots__ = ("name", "size", "fields")

    def __init__(self, type_):
        self.name, self.size, self.fields = str(type_), type_.sizeof, {}
        self.add(type_, 0)

    def add(self, type_, base):
        for field in type_.fields():
            offset = base + field.bitpos // 8
            if not field.name:
                self.add(field.type.strip_typedefs(), offset)
            else:
                self.fields[field.name] = Field(field.type, offset, field.bitpos, field.bitsize)


def layout_of(type_):
    name = str(type_)
    if name not in layouts or "{" in name:
        layouts[name] = Layout(type_)
    return layouts[name]


def struct(name):
    """The layout of `struct @name`."""
    full = "struct " + name
    if full not in layouts:
        try:
            layouts[full] = Layout(gdb.lookup_type(full))
        except gdb.error:
            raise gdb.GdbError("av: the debug info has no %s: is kernel.elf loaded?" % full)
    return layouts[full]


def has_struct(name):
    try:
        return bool(struct(name))
    except gdb.GdbError:
        return False


class View:
    """A structure in the machine's memory."""
    __slots__ = ("addr", "layout")

    def __init__(self, addr, layout):
        self.addr = addr
        self.layout = struct(layout) if isinstance(layout, str) else layout

    def __getattr__(self, name):
        field = self.layout.fields.get(name)
        if field is None:
            raise AttributeError("%s has no member %s" % (self.layout.name, name))
        return field.get(self.addr)

    def __getitem__(self, name):
        """The member @name, also one whose name a View uses itself."""
        return self.layout.fields[name].get(self.addr)

    def has(self, name):
        return name in self.layout.fields

    def to(self, name):
        """What the pointer @name leads to; None for NULL."""
        field = self.layout.fields[name]
        addr = field.get(self.addr)
        return View(addr, layout_of(field.type.target().strip_typedefs())) if addr else None

    def array(self, name):
        """What the pointer @name leads to, as a function from index to element."""
        field = self.layout.fields[name]
        element = Field(field.type.target(), 0)
        base = field.get(self.addr)
        return lambda i: element.get(base + i * element.size)

    def at(self, name):
        """The address of the member @name."""
        return self.addr + self.layout.fields[name].offset

    def __eq__(self, other):
        return isinstance(other, View) and self.addr == other.addr

    def __hash__(self):
        return hash(self.addr)


def container(addr, name, member):
    """The View of `struct @name` whose @member is at @addr."""
    layout = struct(name)
    return View(addr - layout.fields[member].offset, layout)


# ---- variables, constants

def find_symbol(name, file):
    symbol = None if file else gdb.lookup_global_symbol(name)
    if symbol:
        return symbol
    for symbol in gdb.lookup_static_symbols(name):
        if not file or symbol.symtab.filename.endswith(file):
            return symbol
    return None


def variable_field(name, file=None):
    key = name, file
    if key not in variables:
        symbol = find_symbol(name, file)
        if symbol is None:
            variables[key] = None
        else:
            where = int(symbol.value().address) & (1 << 64) - 1
            variables[key] = Field(symbol.type, where)
    if variables[key] is None:
        raise gdb.GdbError("av: the kernel has no variable %s%s" %
                           (name, " in " + file if file else ""))
    return variables[key]


def has_variable(name, file=None):
    try:
        return bool(variable_field(name, file))
    except gdb.GdbError:
        return False


def variable(name, file=None):
    """The value of a variable; @file, the end of a path, tells static ones of one name apart."""
    return variable_field(name, file).get(0)


def pointer(name, file=None):
    """What a pointer variable leads to; None for NULL."""
    field = variable_field(name, file)
    addr = field.get(0)
    return View(addr, layout_of(field.type.target().strip_typedefs())) if addr else None


def address_of(name, member=None, file=None):
    field = variable_field(name, file)
    return field.offset + (layout_of(field.type).fields[member].offset if member else 0)


def load_constants():
    for field in gdb.lookup_type("enum av_constants").fields():
        constants[field.name[len(CONST_PREFIX):]] = field.enumval & (1 << 64) - 1


def const(name, *default):
    """The value of a macro of the kernel."""
    if not constants:
        load_constants()
    if name not in constants and default:
        return default[0]
    return constants[name]


def const_names(prefix):
    """(rest of the name, value) of all constants whose name begins with @prefix, in order."""
    if not constants:
        load_constants()
    return [(name[len(prefix):], value) for name, value in constants.items()
            if name.startswith(prefix)]


def enum(name):
    """Numbers to names of `enum @name`."""
    if name not in enums:
        enums[name] = {field.enumval: field.name
                       for field in gdb.lookup_type("enum " + name).fields()}
    return enums[name]


def flags_of(enum_name):
    """(bit, name) of an enum of bit numbers, lower case and without what all names begin with."""
    return [(value, name.split("_", 1)[1].lower().replace("_", "-"))
            for value, name in sorted(enum(enum_name).items())]


gdb.events.new_objfile.connect(forget)
gdb.events.clear_objfiles.connect(forget)
