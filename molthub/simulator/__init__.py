"""A strict AWS on one loopback port: moto, plus what moto lacks, minus what AWS would refuse. Optional extra `demo`."""
