"""
The functions of the API server's CEL environment, Kubernetes 1.34 to 1.36, with their overloads.

One line each: `name(arguments) result` for functions, `receiver.name(arguments) result` for methods. Upper-case
letters are type parameters. Sources: the CEL language definition's list of standard definitions, the extensions of
cel-go (strings 2, lists 3, sets, two-variable comprehensions, optional types) and the Kubernetes CEL libraries.
"""

OPERATORS = """
!_(bool) bool
_==_(A, A) bool
_!=_(A, A) bool
-_(double) double
-_(int) int
_[_](list<A>, int) A
_[_](map<A, B>, A) B
_[_](optional<list<A>>, int) optional<A>
_[_](optional<map<A, B>>, A) optional<B>
_[?_](list<A>, int) optional<A>
_[?_](optional<list<A>>, int) optional<A>
_[?_](map<A, B>, A) optional<B>
_[?_](optional<map<A, B>>, A) optional<B>
@in(A, list<A>) bool
@in(A, map<A, B>) bool
_?_:_(bool, A, A) A
_+_(bytes, bytes) bytes
_+_(double, double) double
_+_(duration, duration) duration
_+_(duration, timestamp) timestamp
_+_(timestamp, duration) timestamp
_+_(int, int) int
_+_(list<A>, list<A>) list<A>
_+_(string, string) string
_+_(uint, uint) uint
_-_(double, double) double
_-_(duration, duration) duration
_-_(int, int) int
_-_(timestamp, duration) timestamp
_-_(timestamp, timestamp) duration
_-_(uint, uint) uint
_*_(double, double) double
_*_(int, int) int
_*_(uint, uint) uint
_/_(double, double) double
_/_(int, int) int
_/_(uint, uint) uint
_%_(int, int) int
_%_(uint, uint) uint
"""

ORDERED = ("_<_", "_<=_", "_>_", "_>=_")
ORDERS = """
(bool, bool) (int, int) (int, double) (int, uint) (uint, uint) (uint, double) (uint, int) (double, double)
(double, int) (double, uint) (string, string) (bytes, bytes) (timestamp, timestamp) (duration, duration)
"""

FUNCTIONS = """
size(bytes) int
size(list<A>) int
size(map<A, B>) int
size(string) int
bytes.size() int
list<A>.size() int
map<A, B>.size() int
string.size() int
type(A) type<A>
dyn(A) dyn
bool(bool) bool
bool(string) bool
bytes(bytes) bytes
bytes(string) bytes
double(double) double
double(int) double
double(string) double
double(uint) double
duration(duration) duration
duration(int) duration
duration(string) duration
int(int) int
int(double) int
int(duration) int
int(string) int
int(timestamp) int
int(uint) int
string(string) string
string(bool) string
string(bytes) string
string(double) string
string(duration) string
string(int) string
string(timestamp) string
string(uint) string
timestamp(timestamp) timestamp
timestamp(int) timestamp
timestamp(string) timestamp
uint(uint) uint
uint(double) uint
uint(int) uint
uint(string) uint

string.contains(string) bool
string.endsWith(string) bool
string.startsWith(string) bool
string.matches(string) bool
matches(string, string) bool
timestamp.getFullYear() int
timestamp.getFullYear(string) int
timestamp.getMonth() int
timestamp.getMonth(string) int
timestamp.getDayOfYear() int
timestamp.getDayOfYear(string) int
timestamp.getDayOfMonth() int
timestamp.getDayOfMonth(string) int
timestamp.getDate() int
timestamp.getDate(string) int
timestamp.getDayOfWeek() int
timestamp.getDayOfWeek(string) int
timestamp.getHours() int
timestamp.getHours(string) int
duration.getHours() int
timestamp.getMinutes() int
timestamp.getMinutes(string) int
duration.getMinutes() int
timestamp.getSeconds() int
timestamp.getSeconds(string) int
duration.getSeconds() int
timestamp.getMilliseconds() int
timestamp.getMilliseconds(string) int
duration.getMilliseconds() int

optional.of(A) optional<A>
optional.ofNonZeroValue(A) optional<A>
optional.none() optional<A>
optional.unwrap(list<optional<A>>) list<A>
list<optional<A>>.unwrapOpt() list<A>
optional<A>.value() A
optional<A>.hasValue() bool
optional<A>.or(optional<A>) optional<A>
optional<A>.orValue(A) A
list<A>.first() optional<A>
list<A>.last() optional<A>

string.charAt(int) string
string.indexOf(string) int
string.indexOf(string, int) int
string.lastIndexOf(string) int
string.lastIndexOf(string, int) int
string.lowerAscii() string
string.upperAscii() string
string.replace(string, string) string
string.replace(string, string, int) string
string.split(string) list<string>
string.split(string, int) list<string>
string.substring(int) string
string.substring(int, int) string
string.trim() string
string.format(list<dyn>) string
strings.quote(string) string
list<string>.join() string
list<string>.join(string) string

list<A>.slice(int, int) list<A>
list<list<A>>.flatten() list<A>
list<dyn>.flatten(int) list<dyn>
list<A>.reverse() list<A>
list<A>.distinct() list<A>
lists.range(int) list<int>
list<A>.indexOf(A) int
list<A>.lastIndexOf(A) int

sets.contains(list<A>, list<A>) bool
sets.equivalent(list<A>, list<A>) bool
sets.intersects(list<A>, list<A>) bool

string.find(string) string
string.findAll(string) list<string>
string.findAll(string, int) list<string>

url(string) URL
isURL(string) bool
URL.getScheme() string
URL.getHost() string
URL.getHostname() string
URL.getPort() string
URL.getEscapedPath() string
URL.getQuery() map<string, list<string>>

quantity(string) Quantity
isQuantity(string) bool
sign(Quantity) int
Quantity.isGreaterThan(Quantity) bool
Quantity.isLessThan(Quantity) bool
Quantity.compareTo(Quantity) int
Quantity.asApproximateFloat() double
Quantity.asInteger() int
Quantity.isInteger() bool
Quantity.add(Quantity) Quantity
Quantity.add(int) Quantity
Quantity.sub(Quantity) Quantity
Quantity.sub(int) Quantity

semver(string) Semver
semver(string, bool) Semver
isSemver(string) bool
isSemver(string, bool) bool
Semver.isGreaterThan(Semver) bool
Semver.isLessThan(Semver) bool
Semver.compareTo(Semver) int
Semver.major() int
Semver.minor() int
Semver.patch() int

ip(string) IP
isIP(string) bool
ip.isCanonical(string) bool
string(IP) string
IP.family() int
IP.isUnspecified() bool
IP.isLoopback() bool
IP.isLinkLocalMulticast() bool
IP.isLinkLocalUnicast() bool
IP.isGlobalUnicast() bool
cidr(string) CIDR
isCIDR(string) bool
string(CIDR) string
CIDR.containsIP(string) bool
CIDR.containsIP(IP) bool
CIDR.containsCIDR(string) bool
CIDR.containsCIDR(CIDR) bool
CIDR.ip() IP
CIDR.prefixLength() int
CIDR.masked() CIDR

format.named(string) optional<Format>
Format.validate(string) optional<list<string>>
"""

SUMMABLE = ("int", "uint", "double", "duration")
COMPARABLE = ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes")

# Formats that a rule may ask for by name, and by a function of that name under `format`.
FORMATS = (
    "dns1123Label", "dns1123Subdomain", "dns1035Label", "qualifiedName", "dns1123LabelPrefix", "dns1123SubdomainPrefix",
    "dns1035LabelPrefix", "labelValue", "uri", "uuid", "byte", "date", "datetime",
)  # fmt: skip

# Words of the namespaces above: not values, only the beginning of a function's name.
NAMESPACES = frozenset({"optional", "strings", "lists", "sets", "ip", "format"})

# Types as values, by the names an expression has for them.
TYPE_CONSTANTS = frozenset({
    "bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint", "optional_type",
    "google.protobuf.Duration", "google.protobuf.Timestamp", "net.IP", "net.CIDR",
    "kubernetes.Quantity", "kubernetes.Semver", "kubernetes.URL", "kubernetes.NamedFormat",
})  # fmt: skip
