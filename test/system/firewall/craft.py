# Sends packets that no ordinary program sends, all from eth0 of its namespace; one order a line of standard input:
#   icmp6|icmp4 DESTINATION TYPE…      synack SOURCE DESTINATION PORT
# and answers each with "sent". ICMP packets carry the code 77, by which a witness knows them from the kernel's own.
import socket
import struct
import sys


def icmp6(destination, *types):
    raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    for option in (socket.IPV6_UNICAST_HOPS, socket.IPV6_MULTICAST_HOPS):
        raw.setsockopt(socket.IPPROTO_IPV6, option, 255)
    target = socket.getaddrinfo(destination, None, socket.AF_INET6)[0][4]
    for number in types:
        raw.sendto(struct.pack('!BBH', int(number), 77, 0) + bytes(44), target)


def icmp4(destination, *types):
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    for number in types:
        checksum = ~(int(number) << 8 | 77) & 0xFFFF
        raw.sendto(struct.pack('!BBH', int(number), 77, checksum) + bytes(32), (destination, 0))


def synack(source, destination, port):
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    header = struct.pack('!HHIIBBHHH', 4321, int(port), 1, 1, 5 << 4, 0x12, 1024, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack('!BBH', 0, 6, len(header))
    total = sum(struct.unpack(f'!{(len(pseudo) + len(header)) // 2}H', pseudo + header))
    total = (total & 0xFFFF) + (total >> 16)
    raw.sendto(header[:16] + struct.pack('!H', ~(total + (total >> 16)) & 0xFFFF) + header[18:], (destination, 0))


for line in sys.stdin:
    order, *words = line.split()
    {'icmp6': icmp6, 'icmp4': icmp4, 'synack': synack}[order](*words)
    sys.stdout.write('sent\n')
    sys.stdout.flush()
