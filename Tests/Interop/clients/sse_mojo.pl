#!/usr/bin/perl
# Perl's Mojolicious, the response read as it comes. Words as in sse_httpx.py.
use strict;
use warnings;
use Mojo::IOLoop;
use Mojo::UserAgent;

$| = 1;
my $agent = Mojo::UserAgent->new(inactivity_timeout => 0, max_response_size => 0);

sub connect_to {
    my ($url, $token, $last) = @_;
    my %headers = (Authorization => "Bearer $token", Accept => 'text/event-stream');
    $headers{'Last-Event-ID'} = $last if $last;
    my $tx     = $agent->build_tx(GET => $url => \%headers);
    my $buffer = '';
    my $is_open;
    $tx->res->content->unsubscribe('read')->on(
        read => sub {
            my (undef, $bytes) = @_;
            print "open\n" unless $is_open++;
            $buffer .= $bytes;
            while ($buffer =~ s/^(.*?)\n\n//s) {
                my $event = $1;
                my ($id) = $event =~ /^id: ?(.*)$/m;
                my $data = join '', $event =~ /^data: ?(.*)$/mg;
                print 'event ', $id // '-', " $data\n" if length $data;
            }
        }
    );
    $agent->start(
        $tx => sub {
            my (undef, $done) = @_;
            print 'failed ', $done->res->code, "\n" if ($done->res->code // 200) != 200;
            print "closed\n";
        }
    );
}

my $stream = Mojo::IOLoop::Stream->new(\*STDIN)->timeout(0);
my $lines  = '';
$stream->on(
    read => sub {
        $lines .= $_[1];
        while ($lines =~ s/^([^\n]*)\n//) {
            my ($word, @rest) = split / /, $1;
            connect_to(@rest) if $word eq 'connect';
        }
    }
);
$stream->on(close => sub { exit 0 });
Mojo::IOLoop->singleton->stream($stream);
Mojo::IOLoop->start;
