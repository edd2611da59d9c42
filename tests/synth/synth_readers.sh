#!/usr/bin/env bash
# What other programs make of a synthetic hour: the right number of packets, right checksums, nothing malformed.
set -eu
darkforest=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$darkforest" synth --quiet -o "$work/hour.pcap" --packets 50000 --sources 1000 2>"$work/log"

counted=$(capinfos -c -M -T -r "$work/hour.pcap" | cut -f 2)
test "$counted" -eq 50000 || { echo "capinfos counts $counted packets"; exit 1; }
dumped=$(tcpdump -nn -r "$work/hour.pcap" 2>/dev/null | wc -l)
test "$dumped" -ge 50000 || { echo "tcpdump prints $dumped lines"; exit 1; }

# One line a packet, NAME=VALUE for each field that it has.
fields=(frame.protocols frame.cap_len frame.len eth.type ip.version ip.flags.mf ip.frag_offset ip.opt.ra
    tcp.flags tcp.dstport icmp.type ip.checksum.status tcp.checksum.status udp.checksum.status icmp.checksum.status
    _ws.malformed)
tshark -r "$work/hour.pcap" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE \
    -T fields "${fields[@]/#/-e}" 2>/dev/null |
    awk -F '\t' -v names="${fields[*]}" 'BEGIN { split(names, name, " ") }
        { for (i = 1; i <= NF; i++) if ($i != "") printf " %s=%s", name[i], $i
          if ($2 < $3) printf " cut"
          print " " }' >"$work/packets"

count() { # PATTERN: packets whose line matches
    grep -cE -- "$1" "$work/packets" || true
}

test "$(count '(ip|tcp|udp|icmp).checksum.status=([^ ]*,)?0')" -eq 0 || { echo "some checksums are wrong"; exit 1; }
checked=$(count "tcp.checksum.status=1")
test "$checked" -gt 20000 || { echo "tshark checked only $checked TCP checksums"; exit 1; }
test "$(count '_ws.malformed=')" -eq 0 || { echo "tshark finds malformed packets"; exit 1; }
# Every sort of packet that the generator promises is seen by name.
for sort in 'tcp.flags=0x0002 tcp.dstport=23 ' 'tcp.flags=0x0012' 'tcp.flags=0x0004' 'tcp.flags=0x0011' ':dns ' \
    ':bt-dht ' 'icmp.type=8' 'icmp:ip:tcp .* icmp.type=3' 'ip.flags.mf=1' 'ip.frag_offset=64' ':vlan:' ':mpls:' \
    ':ipv6 ' ':arp ' ':ieee8021ad:' 'ip.version=5' 'ip.opt.ra=0' ' cut '; do
    test "$(count "$sort")" -gt 0 || { echo "no packet has '$sort'"; exit 1; }
done
