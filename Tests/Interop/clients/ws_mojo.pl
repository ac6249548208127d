#!/usr/bin/perl
# Perl's Mojolicious, without compression: see clients.py. Words in and out as in lines.py.
use strict;
use warnings;
use Mojo::IOLoop;
use Mojo::UserAgent;

$| = 1;
binmode STDOUT, ':encoding(UTF-8)';
my $agent = Mojo::UserAgent->new(inactivity_timeout => 0, max_response_size => 0);
my $socket;

sub say_words { print join(' ', @_), "\n" }

sub connect_to {
    my ($url, $how, $token) = @_;
    my %headers      = $how eq 'header' ? (Authorization => "Bearer $token") : ();
    my @subprotocols = $how eq 'header' ? ('live.v1') : ('live.v1', "bearer.$token");
    $agent->websocket(
        $url => \%headers => \@subprotocols => sub {
            my ($ua, $tx) = @_;
            return say_words('failed', $tx->res->code // 'no answer') unless $tx->is_websocket;
            $socket = $tx;
            say_words('open', $tx->protocol // '-');
            $tx->on(message => sub { say_words('text', $_[1]) });
            $tx->on(frame   => sub { say_words('pong') if $_[1][4] == 10 });
            $tx->on(finish  => sub { say_words('closed', $_[1] // 1006) });
        }
    );
}

my $stream = Mojo::IOLoop::Stream->new(\*STDIN)->timeout(0);
my $buffer = '';
$stream->on(
    read => sub {
        $buffer .= $_[1];
        while ($buffer =~ s/^([^\n]*)\n//) {
            my ($word, $rest) = split / /, $1, 2;
            if    ($word eq 'connect') { connect_to(split / /, $rest) }
            elsif ($word eq 'send')    { utf8::decode($rest); $socket->send($rest) }
            elsif ($word eq 'ping')    { $socket->send([1, 0, 0, 0, 9, 'are you there']) }
            elsif ($word eq 'close')   { $socket->finish(1000) }
        }
    }
);
$stream->on(close => sub { exit 0 });
Mojo::IOLoop->singleton->stream($stream);
Mojo::IOLoop->start;
